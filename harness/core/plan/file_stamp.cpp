#include "core/plan/file_stamp.hpp"

#include <sys/stat.h>

namespace ktb::core {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileStamp stamp_of(const std::string& path) {
  struct stat status {};
  FileStamp stamp;
  stamp.path = path;
  if (::stat(path.c_str(), &status) != 0) return stamp;
  stamp.size = status.st_size;
  stamp.written = nanoseconds(status.st_mtim);
  stamp.changed = nanoseconds(status.st_ctim);
  stamp.inode = status.st_ino;
  return stamp;
}

}  // namespace ktb::core
