#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace ktb::core {

/// Fields of CSV by RFC 4180: quotes, doubled quotes, line breaks inside quotes.
inline std::vector<std::vector<std::string>> parsed_csv(const std::string& text) {
  std::vector<std::vector<std::string>> lines{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      lines.back().back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      lines.back().emplace_back();
    } else if (!quoted && c == '\r') {
      if (i + 2 < text.size()) lines.push_back({""});
      ++i;
    } else {
      lines.back().back() += c;
    }
  }
  return lines;
}

}  // namespace ktb::core
