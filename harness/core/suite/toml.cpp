#include "core/suite/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/error.hpp"
#include "core/base/suggest.hpp"
#include "core/suite/toml_fault.hpp"
#include "core/suite/toml_library.hpp"

namespace ktb::core {
namespace {

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

Place place_of(const std::string& file, const toml::source_region& region) {
  Place place{file, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column), 1};
  if (region.end.line == region.begin.line && region.end.column > region.begin.column) {
    place.width = static_cast<int>(region.end.column - region.begin.column);
  }
  return place;
}

/// Copies a TOML tree and notes where each part of it stands.
class Reader {
 public:
  Reader(Document& document, std::string file) : document_(document), file_(std::move(file)) {}

  void read(const toml::table& root) {
    document_.data = table(root, "");
    number_by_position();
  }

 private:
  Json table(const toml::table& from, const std::string& path) {
    Json out = Json::object();
    for (const auto& [key, node] : from) {
      const std::string name(key.str());
      const std::string at = join_path(path, name);
      Document::Node& seen = document_.nodes[at];
      seen.key = place_of(file_, key.source());
      seen.value = place_of(file_, node.source());
      if (name.empty() || name.find('.') != name.npos) {
        document_.fail(at, Document::At::kKey, fmt::format("a name cannot be `{}`", name),
                       "no dots here, and not nothing");
      }
      out[name] = value(node, at);
    }
    return out;
  }

  Json value(const toml::node& node, const std::string& path) {
    if (const auto* inner = node.as_table()) return table(*inner, path);
    if (const auto* items = node.as_array()) return array(*items, path);
    if (const auto text = node.value_exact<std::string>()) return *text;
    if (const auto flag = node.value_exact<bool>()) return *flag;
    if (const auto whole = node.value_exact<std::int64_t>()) return *whole;
    if (const auto real = node.value_exact<double>()) {
      if (std::isfinite(*real)) return *real;
      document_.fail(path, Document::At::kValue, fmt::format("`{}` is not a finite number", path));
    }
    document_.fail(path, Document::At::kValue, fmt::format("`{}` is a date or a time", path),
                   "known are texts, numbers, true and false, lists and tables; put it in quotes");
  }

  Json array(const toml::array& from, const std::string& path) {
    Json out = Json::array();
    for (const auto& node : from) {
      const std::string at = join_path(path, std::to_string(out.size()));
      Document::Node& seen = document_.nodes[at];
      seen.key = seen.value = place_of(file_, node.source());
      out.push_back(value(node, at));
    }
    return out;
  }

  void number_by_position() {
    std::vector<Document::Node*> nodes;
    for (auto& [path, node] : document_.nodes) nodes.push_back(&node);
    std::stable_sort(nodes.begin(), nodes.end(), [](const auto* a, const auto* b) {
      return std::pair(a->key.line, a->key.column) < std::pair(b->key.line, b->key.column);
    });
    for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i]->order = i + 1;
  }

  Document& document_;
  std::string file_;
};

void parse_into(Document& document, const std::string& text, const std::string& shown) {
  try {
    Reader(document, shown).read(toml::parse(std::string_view(text)));
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    const TomlFault fault =
        explain_toml(std::string(error.description()), static_cast<int>(at.line),
                     static_cast<int>(at.column), document.lines[shown]);
    document.nodes["syntax"].key = {shown, fault.line, fault.column, 1};
    document.fail("syntax", Document::At::kKey, fault.message, fault.cure);
  }
}

}  // namespace

std::string suite_like(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(path).parent_path();
  std::vector<std::string> stems;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, none))
    if (entry.path().extension() == ".toml") stems.push_back(entry.path().stem().string());
  std::sort(stems.begin(), stems.end());
  const std::string near = nearest(fs::path(path).stem().string(), stems);
  return near.empty() ? ""
                      : fmt::format(" (did you mean `{}`?)", (folder / (near + ".toml")).string());
}

Document read_toml(const std::string& path, const std::string& shown) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    const std::string near = suite_like(shown);
    throw SuiteError(
        fmt::format("{}: error: no such file, or not readable{}\nNothing was run.", shown,
                    near.empty() ? "; `ktbench list suites` has those that are here" : near));
  }
  Document document;
  document.root.file = shown;
  document.lines[shown] = split_lines(text.str());
  parse_into(document, text.str(), shown);
  return document;
}

Document read_override(const std::string& text, const std::string& prefix) {
  const auto equals = text.find('=');
  if (equals == text.npos || equals == 0) {
    throw SuiteError(
        fmt::format("--set {}: error: wants key=value, e.g. --set recipe.epochs=5", text));
  }
  const std::string key = text.substr(0, equals), value = text.substr(equals + 1);
  Document document;
  const bool is_toml = [&] {
    try {
      return toml::parse("v = " + value).contains("v");
    } catch (const toml::parse_error&) {
      return false;
    }
  }();
  parse_into(document, join_path(prefix, key) + " = " + (is_toml ? value : Json(value).dump()),
             "--set " + text);
  for (auto& [path, node] : document.nodes) {
    node.key.line = node.value.line = 0;
    node.key.file = node.value.file = "--set " + text;
  }
  return document;
}

}  // namespace ktb::core
