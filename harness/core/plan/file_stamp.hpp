#pragma once
#include <cstdint>
#include <string>

#include "core/base/fields.hpp"

namespace ktb::core {

/// By which a later command sees whether a file has changed. A new content always has another time
/// of change, which no program can set, even where size and time of writing are as before.
struct FileStamp {
  std::string path;
  std::int64_t size = -1;    ///< -1: there was no file
  std::int64_t written = 0;  ///< ns since 1970
  std::int64_t changed = 0;  ///< likewise
  std::uint64_t inode = 0;

  bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_of(const std::string& path);

template <Of<FileStamp> Self, class Ar>
void fields(Self& stamp, Ar& ar) {
  ar("path", stamp.path);
  ar("size", stamp.size);
  ar("written", stamp.written);
  ar("changed", stamp.changed);
  ar("inode", stamp.inode);
}

}  // namespace ktb::core
