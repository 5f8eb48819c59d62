#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ktb/error.hpp"

namespace ktb {

/// The places where data may lie, in the order in which they are tried: `--data-dir`,
/// `$KTBENCH_DATA`, `.deps/data` beside a build folder (an installed ktbench has none), the data
/// set's usual places.
class KTB_API DataFolder {
 public:
  explicit DataFolder(std::vector<std::string> places);
  ~DataFolder();
  /// The path of a relative file name, or of its `.gz`; empty: in none of the places.
  std::string find(const std::string& name) const;
  /// find() that throws Error with the places it looked at.
  std::string require(const std::string& name) const;
  /// The path of a folder, absolute or relative to a place. Throws Error with the places, and with
  /// `get`, how to get it.
  std::string require_folder(const std::string& name, const std::string& get = {}) const;
  const std::vector<std::string>& places() const { return places_; }

 private:
  std::vector<std::string> places_;
};

/// Where one file of a data set is and what it must be.
struct DataFile {
  std::string name;        ///< relative to a data directory: cifar-100-binary/train.bin
  std::string digest;      ///< `sha256:...` or `md5:...`, decompressed; empty: anything goes
  std::int64_t bytes = 0;  ///< decompressed; 0: unknown
};

using Bytes = std::vector<std::uint8_t>;

/// The whole file, decompressed if its name ends in .gz.
/// Throws Error (missing, truncated, corrupt).
KTB_API Bytes read_file(const std::string& path);
/// All files at any depth below a folder whose names end so, in any case, relative to it, in the
/// order of their bytes. Hidden ones are left out.
KTB_API std::vector<std::string> files_below(const std::string& folder,
                                             const std::vector<std::string>& endings);
/// `sha256:<hex>` or `md5:<hex>` of bytes; the kind is that of `like`, sha256 where it is empty.
KTB_API std::string digest(const Bytes& bytes, const std::string& like = {});
/// The file's bytes, once they are what `file` says. Else throws Error: which file, what was
/// expected, what was found, and `get`, how to get it.
KTB_API Bytes read_data(const DataFolder& folder, const DataFile& file, const std::string& get);

}  // namespace ktb
