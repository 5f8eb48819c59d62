#include "launch/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "core/base/error.hpp"

namespace ktb::launch {

std::optional<TrialLock> TrialLock::take(const core::TrialFolder& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder.path(), failure);
  const std::string path = folder.lock().string();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) throw core::Error(fmt::format("cannot write {}: {}", path, ::strerror(errno)));
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return TrialLock(file);
  const int reason = errno;
  ::close(file);
  if (reason == EWOULDBLOCK) return std::nullopt;
  throw core::Error(fmt::format("cannot lock {}: {}", path, ::strerror(reason)));
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
