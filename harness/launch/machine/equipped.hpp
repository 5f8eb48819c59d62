#pragma once
#include <string>

namespace ktb::launch {

/// `worker`, once what is started from here on finds in its environment what workers need: in
/// LD_LIBRARY_PATH the folder of LibTorch, since neither worker nor plugins say where that is, and
/// GLIBC_TUNABLES `with_huge_pages`. Throws core::Error where there is no LibTorch.
const std::string& equipped(const std::string& worker);

/// glibc's tunables, and that malloc asks for huge pages unless they say how it is with these. A
/// step of training walks through hundreds of MB, and looking up where its small pages lie took a
/// quarter of its time on a CPU. A kernel without huge pages and a glibc before 2.35 pass over it.
std::string with_huge_pages(const std::string& tunables);

}  // namespace ktb::launch
