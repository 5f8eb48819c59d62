#pragma once
#include <filesystem>
#include <string>

namespace ktb::launch {

/// The folder of the LibTorch that workers load, with lib/libtorch_cpu.so in it: $KTB_TORCH_ROOT;
/// else lib/ktbench/torch in `home`, the tree of this ktbench; a folder torch beside it; what
/// python3 imports. Throws core::Error that says where it was looked for.
std::string find_libtorch(const std::filesystem::path& home);

/// That of this ktbench, looked for once.
const std::string& libtorch();

}  // namespace ktb::launch
