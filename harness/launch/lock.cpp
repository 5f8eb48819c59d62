#include "launch/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "core/base/error.hpp"

namespace ktb::launch {

namespace {

/// `clean` takes folders away: then a file that was opened before is locked and nobody else's.
bool still_there(int file, const std::string& path) {
  struct stat opened {
  }, named{};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

std::optional<TrialLock> TrialLock::take(const core::TrialFolder& folder) {
  const std::string path = folder.lock().string();
  while (true) {
    std::error_code failure;
    std::filesystem::create_directories(folder.path(), failure);
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) throw core::Error(fmt::format("cannot write {}: {}", path, ::strerror(errno)));
    TrialLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      throw core::Error(fmt::format("cannot lock {}: {}", path, ::strerror(errno)));
    }
    if (still_there(file, path)) return lock;
  }
}

bool TrialLock::held(const core::TrialFolder& folder) {
  const int file = ::open(folder.lock().c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const TrialLock lock(file);
  return ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

TrialLock::TrialLock(TrialLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

TrialLock& TrialLock::operator=(TrialLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

TrialLock::~TrialLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace ktb::launch
