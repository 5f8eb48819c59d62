#include <fmt/format.h>

#include <optional>

#include "core/base/output/escape.hpp"
#include "core/page/parts.hpp"

namespace ktb::core {

std::string provenance_words(const Json& value) {
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

Json shared_provenance(const Outcomes& outcomes) {
  std::optional<Json> shared;
  for (const auto& [id, record] : outcomes.records) {
    if (!record.ok()) continue;
    if (!shared) {
      shared = record.provenance;
      continue;
    }
    Json kept = Json::object();
    for (const auto& [name, value] : shared->items()) {
      const auto found = record.provenance.find(name);
      if (found != record.provenance.end() && *found == value) kept[name] = value;
    }
    shared = kept;
  }
  return shared.value_or(Json::object());
}

std::string provenance_section(const Json& shared) {
  std::string lines;
  for (const auto& [name, value] : shared.items())
    lines += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_text(name),
                         html_text(provenance_words(value)));
  if (lines.empty()) return "";
  return "<section id=\"provenance\"><h2>Where the numbers come from</h2>\n<p>The same for every "
         "trial; what differs stands with each cell.</p>\n<dl class=\"facts\">\n" +
         lines + "</dl></section>\n";
}

std::string own_provenance(const Json& shared, const Record& record) {
  std::string text;
  for (const auto& [name, value] : record.provenance.items())
    if (!shared.contains(name))
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, provenance_words(value));
  return text;
}

}  // namespace ktb::core
