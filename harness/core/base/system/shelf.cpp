#include "core/base/system/shelf.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "core/base/system/memory_left.hpp"

namespace ktb::core {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

SharedBytes::SharedBytes(int file, std::size_t size) : size_(size) {
  void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  data_ = base == MAP_FAILED ? nullptr : static_cast<char*>(base);
}

SharedBytes::~SharedBytes() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

Shelf::Shelf() : Shelf(PacketSocket::pair()) {}
Shelf::Shelf(std::pair<PacketSocket, PacketSocket> ends)
    : here_(std::move(ends.first)), there_(std::move(ends.second)) {}

std::shared_ptr<SharedBytes> Shelf::find(const std::string& key) const {
  const auto piece = pieces_.find(key);
  if (piece == pieces_.end()) return nullptr;
  auto bytes = std::make_shared<SharedBytes>(piece->second.file.number(), piece->second.size);
  return bytes->data() == nullptr ? nullptr : bytes;
}

void Shelf::put(const std::string& key, const std::vector<std::string_view>& parts) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size();
  if (size == 0 || !has_room(size)) return;
  Descriptor file(::memfd_create("ktbench-data", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return;
  for (const auto& part : parts)
    if (!write_all(file.number(), part)) return;
  if (::fcntl(file.number(), F_ADD_SEALS, kSeals) != 0) return;
  there_.send(key, file.number());
  keep(key, std::move(file), size);
}

void Shelf::take_in() {
  auto packet = here_.receive(0);
  struct stat status {};
  if (!packet || !packet->file || ::fstat(packet->file.number(), &status) != 0) return;
  const bool sealed = ::fcntl(packet->file.number(), F_GET_SEALS) == kSeals;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (sealed) keep(packet->text, std::move(packet->file), size);
}

void Shelf::keep(const std::string& key, Descriptor file, std::size_t size) {
  if (!pieces_.contains(key) && has_room(size)) pieces_[key] = {std::move(file), size};
}

/// What lies here already is not free any more, and still part of what there is to divide.
bool Shelf::has_room(std::size_t size) const {
  std::size_t lying = 0;
  for (const auto& [key, piece] : pieces_) lying += piece.size;
  return lying + size <= (memory_left() + lying) / 4;
}

}  // namespace ktb::core
