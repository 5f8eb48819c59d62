#pragma once
#include <cstddef>
#include <regex>
#include <string>
#include <vector>

/// What tests of pages ask of their text.
namespace ktb::core::testing {

/// Tags in their order, and what is wrong with them; empty: nothing.
struct Markup {
  std::vector<std::string> tags;
  std::string fault;
};

/// Of a page that is XML but for its first line and what style and script hold.
inline Markup markup_of(const std::string& page) {
  static const std::regex kTag(R"re(<(/?)([a-zA-Z0-9]+)((?: [a-zA-Z:-]+="[^"<]*")*)(/?)>)re");
  Markup markup;
  std::vector<std::string> open;
  std::size_t at = page.find("<html");
  if (at != std::string("<!DOCTYPE html>\n").size()) markup.fault = "no doctype";
  while (markup.fault.empty() && (at = page.find('<', at)) != std::string::npos) {
    std::smatch tag;
    const std::string rest = page.substr(at, 4000);
    if (!std::regex_search(rest, tag, kTag, std::regex_constants::match_continuous)) {
      markup.fault = "no tag: " + rest.substr(0, 60);
      break;
    }
    at += static_cast<std::size_t>(tag.length());
    markup.tags.push_back(tag[1].str() + tag[2].str());
    if (tag[1] != "/" && (tag[2] == "style" || tag[2] == "script"))
      at = page.find("</" + tag[2].str(), at);
    if (tag[4] == "/") continue;
    if (tag[1] != "/") {
      open.push_back(tag[2]);
    } else if (open.empty() || open.back() != tag[2]) {
      markup.fault = "closes " + tag[2].str();
    } else {
      open.pop_back();
    }
  }
  if (markup.fault.empty() && !open.empty()) markup.fault = "stays open: " + open.back();
  return markup;
}

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t number = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

}  // namespace ktb::core::testing
