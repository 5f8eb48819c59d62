#pragma once
#include <string>
#include <vector>

#include "ktb/files.hpp"

// CIFAR's Python version, whose files are pickled dictionaries. They are read as data: nothing that
// they say is executed. `name` is the file, for Error: no pickle, cut off, or another one.

namespace ktb {

/// As the binary version has them: of each picture its numbers in the lists `labels`, a byte each,
/// then its pixels.
KTB_API Bytes cifar_records(const Bytes& pickle, const std::string& name,
                            const std::vector<std::string>& labels);
/// The names in such a list of batches.meta or meta.
KTB_API std::vector<std::string> cifar_names(const Bytes& pickle, const std::string& name,
                                             const std::string& list);

}  // namespace ktb
