#pragma once
#include <string>
#include <string_view>

namespace ktb::core {

/// SHA-256 in lower-case hex.
std::string sha256_text(std::string_view text);

/// Of a file's bytes. Throws Error where it cannot be read.
std::string sha256_file(const std::string& path);

}  // namespace ktb::core
