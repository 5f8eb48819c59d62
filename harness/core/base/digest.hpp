#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct SHA256state_st;

namespace ktb::core {

/// SHA-256 of bytes that come in parts.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(const void* data, std::size_t size);
  /// In lower-case hex; ends it.
  std::string hex();

 private:
  std::unique_ptr<SHA256state_st> context_;
};

/// SHA-256 in lower-case hex.
std::string sha256_text(std::string_view text);

/// MD5 in lower-case hex, for data whose authors publish no other.
std::string md5_text(std::string_view text);

/// SHA-256 of a file's bytes. Throws Error where it cannot be read.
std::string sha256_file(const std::string& path);

}  // namespace ktb::core
