#pragma once
#include <cstdint>
#include <memory>
#include <set>
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
  /// find() in one of the places.
  std::string find_at(const std::string& place, const std::string& name) const;
  /// find() that throws Error with the places it looked at.
  std::string require(const std::string& name) const;
  /// The path of a folder, absolute or relative to a place. Throws Error with the places, and with
  /// `get`, how to get it.
  std::string require_folder(const std::string& name, const std::string& get = {}) const;
  /// The path of a folder in one of the places; empty: it is not there.
  std::string folder_at(const std::string& place, const std::string& name) const;
  const std::vector<std::string>& places() const { return places_; }
  /// Folders in which a change may make another answer than those given so far: where something was
  /// looked for and is not there, and folders that were found.
  const std::set<std::string>& watched() const { return *watched_; }

 private:
  void watch_for(const std::string& missing) const;

  std::vector<std::string> places_;
  std::shared_ptr<std::set<std::string>> watched_;  ///< copies look on behalf of the same data set
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
/// Whether what is called so is hidden: `.thumbs`, and folders that macOS and storage systems put
/// beside those that people make.
KTB_API bool is_hidden(const std::string& name);
/// What is in a folder, at any depth, in the order of the names' bytes: paths relative to it.
/// Whatever is hidden, file or folder, is left out, and each folder is gone through once, however
/// many links lead to it.
struct FolderContent {
  std::vector<std::string> files;
  std::vector<std::string> broken;  ///< links that lead nowhere
};
KTB_API FolderContent content_below(const std::string& folder);
/// The files among them whose names end so, in any case.
KTB_API std::vector<std::string> files_below(const std::string& folder,
                                             const std::vector<std::string>& endings);
/// `sha256:<hex>` or `md5:<hex>` of bytes; the kind is that of `like`, sha256 where it is empty.
KTB_API std::string digest(const Bytes& bytes, const std::string& like = {});
/// The file's bytes, once they are what `file` says. Else throws Error: which file, what was
/// expected, what was found, and `get`, how to get it.
KTB_API Bytes read_data(const DataFolder& folder, const DataFile& file, const std::string& get);

}  // namespace ktb
