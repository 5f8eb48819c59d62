#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <utility>

namespace ktb::core {

/// Writes `printable(text)`.
void print_printable(std::FILE* out, std::string_view text);

/// What commands say: like fmt::print, but nothing that others wrote (a plugin's summary, a path,
/// the text of an exception) can steer the terminal.
template <class... Args>
void print(std::FILE* out, fmt::format_string<Args...> format, Args&&... args) {
  print_printable(out, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  core::print(stdout, format, std::forward<Args>(args)...);
}

}  // namespace ktb::core
