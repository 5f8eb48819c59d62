#include "ktb/files/cache.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

namespace ktb {
namespace fs = std::filesystem;
namespace {

/// A file's first page; the content follows, then a checksum of each block of it.
struct CacheHead {
  char magic[16];
  char key[64];
  std::uint64_t bytes;  ///< of content
  std::uint64_t sums;   ///< checksum of the checksums
};
constexpr char kMagic[16] = "ktbench cache 1";
constexpr std::size_t kPage = 4096, kBlock = std::size_t{1} << 22;

/// An open file or folder.
class OpenFile {
 public:
  OpenFile(const std::string& path, int flags)
      : number_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~OpenFile() {
    if (number_ >= 0) close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

/// A whole cache file in memory.
class CacheMapping {
 public:
  /// `shared`: what is written goes to the file; else it stays in this process.
  CacheMapping(const OpenFile& file, std::size_t content, bool shared)
      : content_(content), size_(size_for(content)) {
    void* base = mmap(nullptr, size_, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE,
                      file.number(), 0);
    base_ = base == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(base);
  }
  ~CacheMapping() {
    if (base_ != nullptr) munmap(base_, size_);
  }
  CacheMapping(const CacheMapping&) = delete;
  CacheMapping& operator=(const CacheMapping&) = delete;
  explicit operator bool() const { return base_ != nullptr; }

  static std::size_t blocks(std::size_t content) { return (content + kBlock - 1) / kBlock; }
  static std::size_t size_for(std::size_t content) {
    return kPage + content + blocks(content) * sizeof(std::uint32_t);
  }

  std::uint8_t* content() const { return base_ + kPage; }
  /// The head that the content should have.
  CacheHead head(const std::string& key, const std::vector<std::uint32_t>& sums) const {
    CacheHead head{};
    std::memcpy(head.magic, kMagic, sizeof(kMagic));
    key.copy(head.key, sizeof(head.key));
    head.bytes = content_;
    head.sums = crc32(0, reinterpret_cast<const Bytef*>(sums.data()),
                      static_cast<uInt>(sums.size() * sizeof(std::uint32_t)));
    return head;
  }
  std::vector<std::uint32_t> sums() const {
    std::vector<std::uint32_t> sums(blocks(content_));
    at::parallel_for(0, static_cast<std::int64_t>(sums.size()), 1, [&](auto begin, auto end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        sums[i] = static_cast<std::uint32_t>(crc32(
            0, content() + i * kBlock, static_cast<uInt>(std::min(kBlock, content_ - i * kBlock))));
    });
    return sums;
  }
  bool is_sound(const std::string& key) const {
    const auto found = sums();
    const auto expected = head(key, found);
    return std::memcmp(base_, &expected, sizeof(CacheHead)) == 0 &&
           std::memcmp(content() + content_, found.data(), found.size() * sizeof(found[0])) == 0;
  }
  void seal(const std::string& key) const {
    const auto found = sums();
    const auto whole = head(key, found);
    std::memcpy(base_, &whole, sizeof(CacheHead));
    std::memcpy(content() + content_, found.data(), found.size() * sizeof(found[0]));
  }

 private:
  std::size_t content_, size_;
  std::uint8_t* base_;
};

struct CacheForm {
  std::vector<std::int64_t> shape;
  at::ScalarType type;

  std::size_t bytes() const {
    return static_cast<std::size_t>(c10::multiply_integers(shape)) * c10::elementSize(type);
  }
  Tensor over(void* memory) const { return at::from_blob(memory, shape, type); }
};

/// Undefined where there is no sound file.
Tensor read_cache(const std::string& path, const std::string& key, const CacheForm& form) {
  const OpenFile file(path, O_RDONLY);
  struct stat status {};
  if (!file || fstat(file.number(), &status) != 0 ||
      static_cast<std::size_t>(status.st_size) != CacheMapping::size_for(form.bytes()))
    return {};
  const auto mapping = std::make_shared<CacheMapping>(file, form.bytes(), false);
  if (!*mapping || !mapping->is_sound(key)) return {};
  return at::from_blob(
      mapping->content(), form.shape, [mapping](void*) {}, form.type);
}

/// Whether there was room for the file. What `fill` throws passes, and leaves nothing behind.
bool write_cache(const std::string& path, const std::string& key, const CacheForm& form,
                 const std::function<void(Tensor&)>& fill) {
  static std::atomic<int> count = 0;
  const auto draft =
      path + "." + std::to_string(getpid()) + "." + std::to_string(count++) + ".draft";
  const OpenFile file(draft, O_RDWR | O_CREAT | O_EXCL);
  if (!file) return false;
  // After the rename there is no file of this name, and nothing happens.
  const std::unique_ptr<const char, void (*)(const char*)> gone(
      draft.c_str(), [](const char* name) { unlink(name); });
  const auto size = static_cast<off_t>(CacheMapping::size_for(form.bytes()));
  if (posix_fallocate(file.number(), 0, size) != 0) return false;
  const CacheMapping mapping(file, form.bytes(), true);
  if (!mapping) return false;
  auto tensor = form.over(mapping.content());
  fill(tensor);
  mapping.seal(key);
  return rename(draft.c_str(), path.c_str()) == 0;
}

}  // namespace

CacheKey& CacheKey::text(const std::string& part) { return bytes({part.begin(), part.end()}); }

CacheKey& CacheKey::bytes(const Bytes& part) {
  const auto sum = digest(part);
  parts_.insert(parts_.end(), sum.begin(), sum.end());
  return *this;
}

CacheKey& CacheKey::file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    throw Error("cannot read " + path + ": " + std::strerror(errno));
  // The time of change, too, which no program can set: a file may be replaced by one of equal size
  // and time of writing.
  auto mark = path + "\n" + std::to_string(status.st_size) + "\n";
  for (const auto& time : {status.st_mtim, status.st_ctim})
    mark += std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec) + "\n";
  parts_.insert(parts_.end(), mark.begin(), mark.end());
  return *this;
}

std::string CacheKey::hex() const { return digest(parts_).substr(std::strlen("sha256:")); }

std::string cache_folder(const std::string& data_file) {
  const auto beside = fs::absolute(data_file).lexically_normal().parent_path();
  const auto text = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  std::vector<fs::path> wishes;
  if (!beside.string().starts_with("/usr/") && access(beside.c_str(), W_OK) == 0)
    wishes.push_back(beside / "ktbench-cache");
  if (const auto cache = text("XDG_CACHE_HOME"); !cache.empty())
    wishes.push_back(fs::path(cache) / "ktbench");
  else if (const auto home = text("HOME"); !home.empty())
    wishes.push_back(fs::path(home) / ".cache/ktbench");
  for (const auto& wish : wishes) {
    std::error_code failed;
    fs::create_directories(wish, failed);
    if (!failed && access(wish.c_str(), W_OK) == 0) return wish.string();
  }
  return {};
}

Tensor cached(const std::string& folder, const std::string& name, const std::string& key,
              const std::vector<std::int64_t>& shape, at::ScalarType type,
              const std::function<void(Tensor&)>& fill) {
  const CacheForm form{shape, type};
  if (!folder.empty() && form.bytes() > 0) {
    const auto path = folder + "/" + name + "-" + key.substr(0, 16) + ".bin";
    if (auto tensor = read_cache(path, key, form); tensor.defined()) return tensor;
    const OpenFile lock(folder, O_RDONLY | O_DIRECTORY);
    flock(lock.number(), LOCK_EX);  // where it cannot be had, two processes do the same work
    if (auto tensor = read_cache(path, key, form); tensor.defined()) return tensor;
    if (write_cache(path, key, form, fill))
      if (auto tensor = read_cache(path, key, form); tensor.defined()) return tensor;
  }
  auto tensor = at::empty(shape, type);
  fill(tensor);
  return tensor;
}

}  // namespace ktb
