#include "core/deploy/weights_file.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLengthBytes = 8;

/// Length and header, padded so that the tensors are aligned.
std::string head_of(const Json& header) {
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string length(kLengthBytes, '\0');
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length[i] = static_cast<char>(text.size() >> (8 * i) & 0xff);
  return length + text;
}

}  // namespace

WeightsFile::WeightsFile(fs::path path) : path_(std::move(path)) {
  std::ifstream file(path_, std::ios::binary);
  std::array<unsigned char, kLengthBytes> bytes{};
  file.read(reinterpret_cast<char*>(bytes.data()), kLengthBytes);
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | bytes[i];
  const std::uint64_t size = file ? fs::file_size(path_) : 0;
  if (size < kLengthBytes || length > size - kLengthBytes)
    throw Error(fmt::format("{}: not a safetensors file, or cut short", path_.string()));
  std::string text(length, ' ');
  file.read(text.data(), static_cast<std::streamsize>(length));
  tensors_ = parse_json(text, path_.string());
  tensors_.erase("__metadata__");
  body_ = kLengthBytes + length;
}

WeightsFile::Shape WeightsFile::shape(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? Shape() : found->at("shape").get<Shape>();
}

std::string WeightsFile::write(const fs::path& to,
                               const std::function<std::string(const std::string&)>& name,
                               const std::map<std::string, std::string>& metadata) const {
  Json header = {{"__metadata__", metadata}};
  for (const auto& [own, entry] : tensors_.items()) header[name(own)] = entry;
  const fs::path part = to.string() + ".part";
  Sha256 digest;
  std::ifstream from(path_, std::ios::binary);
  from.seekg(static_cast<std::streamoff>(body_));
  std::ofstream file(part, std::ios::binary);
  const auto put = [&](const char* data, std::size_t size) {
    file.write(data, static_cast<std::streamsize>(size));
    digest.add(data, size);
  };
  const std::string head = head_of(header);
  put(head.data(), head.size());
  std::vector<char> piece(1 << 20);
  while (from) {
    from.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    put(piece.data(), static_cast<std::size_t>(from.gcount()));
  }
  if (!file.flush()) {
    fs::remove(part);
    throw Error(
        fmt::format("error: {} cannot be written; is the disk full, the folder there and writable?",
                    to.string()));
  }
  fs::rename(part, to);
  return digest.hex();
}

}  // namespace ktb::core
