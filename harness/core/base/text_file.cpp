#include "core/base/text_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <utility>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, int code) {
  const char* advice = code == ENOSPC || code == EDQUOT ? "; free some space and run again" : "";
  throw Error(fmt::format("cannot write {}: {}{}", path.string(), std::strerror(code), advice));
}

}  // namespace

std::string read_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(fmt::format("{}: cannot be opened", path.string()));
  std::string text;
  std::size_t read = 0;
  do {  // in growing blocks: a file may be a pipe, or grow meanwhile
    text.resize(read + std::max<std::size_t>(read, 1 << 14));
    stream.read(text.data() + read, static_cast<std::streamsize>(text.size() - read));
    read += static_cast<std::size_t>(stream.gcount());
  } while (stream);
  text.resize(read);
  if (stream.bad()) throw Error(fmt::format("{}: cannot be read", path.string()));
  return text;
}

AtomicFile::AtomicFile(const fs::path& target) : target_(target) {
  // a random name: hosts that share the folder may share process ids
  name_ = fmt::format("{}.{:08x}.tmp", target.string(), std::random_device()());
  file_ = ::open(name_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (file_ < 0) cannot_write(target_, errno);
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!name_.empty()) ::unlink(name_.c_str());
}

void AtomicFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file_, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) cannot_write(target_, errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void AtomicFile::finish() {
  if (::fsync(file_) != 0) cannot_write(target_, errno);
  if (::close(std::exchange(file_, -1)) != 0) cannot_write(target_, errno);
  if (::rename(name_.c_str(), target_.c_str()) != 0) cannot_write(target_, errno);
  name_.clear();
}

void write_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.finish();
}

}  // namespace ktb::core
