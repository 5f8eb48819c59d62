#include "core/base/digest.hpp"

// The functions of a single digest, since EVP's would bring all of libcrypto into each binary.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <fmt/format.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <array>
#include <fstream>
#include <span>
#include <vector>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

std::string hex_of(std::span<const unsigned char> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

Sha256::Sha256() : context_(std::make_unique<SHA256_CTX>()) { SHA256_Init(context_.get()); }
Sha256::~Sha256() = default;

void Sha256::add(const void* data, std::size_t size) { SHA256_Update(context_.get(), data, size); }

std::string Sha256::hex() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> bytes;
  SHA256_Final(bytes.data(), context_.get());
  return hex_of(bytes);
}

std::string sha256_text(std::string_view text) {
  Sha256 digest;
  digest.add(text.data(), text.size());
  return digest.hex();
}

std::string md5_text(std::string_view text) {
  MD5_CTX context;
  std::array<unsigned char, MD5_DIGEST_LENGTH> bytes;
  MD5_Init(&context);
  MD5_Update(&context, text.data(), text.size());
  MD5_Final(bytes.data(), &context);
  return hex_of(bytes);
}

std::string sha256_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(fmt::format("{}: cannot be read", path));
  Sha256 digest;
  std::vector<char> buffer(1 << 20);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    digest.add(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) throw Error(fmt::format("{}: reading stopped before its end", path));
  return digest.hex();
}

}  // namespace ktb::core
