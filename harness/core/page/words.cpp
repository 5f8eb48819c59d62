#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/output/escape.hpp"
#include "core/page/parts.hpp"

namespace ktb::core {

std::string arrows(std::string_view text) {
  std::string shown(text);
  for (auto at = shown.find("->"); at != std::string::npos; at = shown.find("->", at))
    shown.replace(at, 2, "→");
  return shown;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

std::string row_name(const Row& row) {
  std::vector<std::string> labels;
  for (const std::string& label : row.labels)
    if (!label.empty()) labels.push_back(label);
  return arrows(joined(labels, " / "));
}

std::string figure_of(const std::string& picture, std::string_view caption, bool broad) {
  return fmt::format("<figure{}><figcaption>{}</figcaption>{}</figure>\n",
                     broad ? " class=\"broad\"" : "", html_text(caption), picture);
}

}  // namespace ktb::core
