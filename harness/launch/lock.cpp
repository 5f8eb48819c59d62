#include "launch/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;

constexpr double kLease = 120, kRenewal = 15;  // seconds

fs::path lease_path(const fs::path& first, int number) {
  return number == 1 ? first : fs::path(first.string() + "." + std::to_string(number));
}

/// `clean` takes folders away: then a file that was opened before is nobody's.
bool still_there(const core::Descriptor& file, const fs::path& path) {
  struct stat opened {
  }, named{};
  return ::fstat(file.number(), &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

std::string host() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// A kernel since it was started: it knows which of its processes live, by whatever host's name.
std::string this_kernel() {
  std::string id;
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  return file >> id ? id : host();
}

double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The time by which the disk of a folder dates its files: on a network that of its server. Ours
/// where the folder cannot be written.
double time_of_disk(const fs::path& folder) {
  std::string name = (folder / ".clock-XXXXXX").string();
  const core::Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  struct stat made {};
  if (file && ::fstat(file.number(), &made) == 0) {
    ::unlink(name.c_str());
    return seconds_of(made.st_mtim);
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// A lease as another finds it.
struct Lease {
  int number = 0;
  core::Descriptor file;
};

/// Of those that are there the last, which is the one that counts.
std::optional<Lease> last_lease(const fs::path& first) {
  std::optional<Lease> last;
  for (int number = 1;; ++number) {
    core::Descriptor file(::open(lease_path(first, number).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return last;
    last = Lease{number, std::move(file)};
  }
}

/// The kernel under which a holder runs; empty: it is about to say so.
std::string kernel_of(const Lease& lease) {
  std::array<char, 64> text{};
  const auto size = ::pread(lease.file.number(), text.data(), text.size(), 0);
  const std::string all(text.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
  return all.substr(0, all.find(' '));
}

bool alive(const Lease& lease, const fs::path& first) {
  const bool free = ::flock(lease.file.number(), LOCK_SH | LOCK_NB) == 0;
  if (!free && errno == EWOULDBLOCK) return true;
  if (free && kernel_of(lease) == this_kernel()) return false;
  struct stat state {};
  if (::fstat(lease.file.number(), &state) != 0) return false;
  return time_of_disk(first.parent_path().parent_path()) - seconds_of(state.st_mtim) < kLease;
}

[[noreturn]] void cannot_write(const fs::path& path) {
  throw core::Error(fmt::format("cannot write {}: {}", path.string(), ::strerror(errno)));
}

}  // namespace

TrialLock::TrialLock(fs::path first, int number, core::Descriptor file)
    : first_(std::move(first)),
      number_(number),
      file_(std::move(file)),
      renewed_(core::seconds_now()) {}

/// None: somebody was quicker, or the folder went away.
std::optional<TrialLock> TrialLock::make(const fs::path& first, int number) {
  const fs::path path = lease_path(first, number);
  core::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file && errno != EEXIST && errno != ENOENT) cannot_write(path);
  if (!file) return std::nullopt;
  TrialLock lock(first, number, std::move(file));
  ::flock(lock.file_.number(), LOCK_EX);  // where there is none, the lease does alone
  const auto text = fmt::format("{} {} {}\n", this_kernel(), host(), ::getpid());
  if (::write(lock.file_.number(), text.data(), text.size()) < 0) cannot_write(path);
  return lock;
}

std::optional<TrialLock> TrialLock::take(const core::TrialFolder& folder) {
  const fs::path first = folder.lock();
  while (true) {
    std::error_code failure;
    fs::create_directories(folder.path(), failure);
    if (failure)
      throw core::Error(fmt::format("cannot write {}: {}", first.string(), failure.message()));
    const auto last = last_lease(first);
    if (last && alive(*last, first)) return std::nullopt;
    auto lock = make(first, last ? last->number + 1 : 1);
    if (!lock) continue;
    // A lease that ran out may have been given up in this moment, and then the first is free again.
    const bool follows = !last || still_there(last->file, lease_path(first, last->number));
    if (follows && lock->holds()) return lock;
    lock->withdraw();
  }
}

bool TrialLock::held(const core::TrialFolder& folder) {
  const auto last = last_lease(folder.lock());
  return last && alive(*last, folder.lock());
}

bool TrialLock::holds() const {
  std::error_code none;
  return still_there(file_, lease_path(first_, number_)) &&
         !fs::exists(lease_path(first_, number_ + 1), none);
}

void TrialLock::withdraw() {
  const fs::path own = lease_path(first_, number_);
  if (still_there(file_, own)) ::unlink(own.c_str());
  file_.close();
}

bool TrialLock::renew() {
  if (core::seconds_now() < renewed_ + kRenewal) return true;
  renewed_ = core::seconds_now();
  ::futimens(file_.number(), nullptr);
  return holds();
}

/// The oldest first: at no moment is there a gap below one that somebody holds.
void TrialLock::release() {
  if (!file_ || !holds()) return;
  for (int number = 1; number <= number_; ++number) ::unlink(lease_path(first_, number).c_str());
}

TrialLock& TrialLock::operator=(TrialLock&& other) noexcept {
  release();
  first_ = std::move(other.first_);
  number_ = other.number_;
  file_ = std::move(other.file_);
  renewed_ = other.renewed_;
  return *this;
}

TrialLock::~TrialLock() { release(); }

}  // namespace ktb::launch
