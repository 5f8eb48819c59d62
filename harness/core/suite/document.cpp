#include "core/suite/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/base/error.hpp"
#include "core/suite/recipe.hpp"

namespace ktb::core {
namespace {

bool below(const std::string& path, const std::string& root) {
  return root.empty() || path == root ||
         (path.size() > root.size() && path[root.size()] == '.' && path.starts_with(root));
}

/// Whether `top` names another plugin or optimiser than `base`: then base's settings do not apply.
bool changes_kind(const Json& base, const Json& top) {
  for (const char* key : {"plugin", "name"}) {
    if (top.contains(key) && base.contains(key) && base[key] != top[key]) return true;
  }
  return false;
}

std::string slashes(std::string path) {
  std::replace(path.begin(), path.end(), '.', '/');
  return path;
}

bool is_recipe(const std::string& path) { return path == "recipe" || path.ends_with(".recipe"); }

std::string caret_line(const std::string& line, const Place& place) {
  std::string pad;
  for (int i = 0; i + 1 < place.column && i < static_cast<int>(line.size()); ++i) {
    pad += line[static_cast<std::size_t>(i)] == '\t' ? '\t' : ' ';
  }
  return pad + std::string(static_cast<std::size_t>(std::max(1, place.width)), '^');
}

}  // namespace

std::string Place::text() const { return line > 0 ? fmt::format("{}:{}", file, line) : file; }

std::string join_path(const std::string& a, const std::string& b) {
  return a.empty() ? b : b.empty() ? a : a + "." + b;
}

std::string show_value(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (!value.is_array()) return value.dump();
  std::vector<std::string> items;
  for (const auto& item : value) items.push_back(show_value(item));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

const Json* Document::find(const std::string& path) const {
  const Json* at = &data;
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    const std::string key = path.substr(start, end - start);
    if (at->is_object() && at->contains(key)) {
      at = &(*at)[key];
    } else if (at->is_array() && !key.empty() && key.find_first_not_of("0123456789") == key.npos &&
               std::stoul(key) < at->size()) {
      at = &(*at)[std::stoul(key)];
    } else {
      return nullptr;
    }
    start = end + 1;
  }
  return at;
}

std::vector<std::string> Document::keys(const std::string& path) const {
  const Json* table = find(path);
  if (!table || !table->is_object()) return {};
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const auto& [key, value] : table->items()) {
    const auto node = nodes.find(join_path(path, key));
    found.emplace_back(node == nodes.end() ? 0 : node->second.order, key);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& [order, key] : found) names.push_back(std::move(key));
  return names;
}

const Place& Document::place(const std::string& path, At at) const {
  for (std::string rest = path; !rest.empty();) {
    if (const auto node = nodes.find(rest); node != nodes.end()) {
      return at == At::kKey || rest != path ? node->second.key : node->second.value;
    }
    const auto dot = rest.rfind('.');
    rest = dot == rest.npos ? "" : rest.substr(0, dot);
  }
  return root;
}

std::string Document::line(const std::string& path) const {
  const Place& where = place(path);
  const auto file = lines.find(where.file);
  if (where.line == 0 || file == lines.end() ||
      static_cast<std::size_t>(where.line) > file->second.size())
    return where.text();
  const std::string& text = file->second[static_cast<std::size_t>(where.line) - 1];
  const auto first = text.find_first_not_of(" \t");
  return fmt::format("{}: {}", where.text(), first == text.npos ? "" : text.substr(first));
}

std::string Document::beside(const std::string& path, const std::string& file) const {
  namespace fs = std::filesystem;
  const Place& named = place(path);
  const fs::path folder = named.line > 0 ? fs::path(named.file).parent_path() : fs::path();
  return fs::absolute(folder / file).lexically_normal().string();
}

void Document::overlay(const Document& top, const std::string& top_path, const std::string& path) {
  lines.insert(top.lines.begin(), top.lines.end());
  const Json* value = top.find(top_path);
  if (!value) return;
  Json* base = &data;
  if (!path.empty()) {
    base = &data[Json::json_pointer("/" + slashes(path))];
    if (base->is_null()) *base = Json::object();
    adopt_one(path, top, top_path);
  }
  merge(*base, path, top, *value, top_path);
}

void Document::merge(Json& base, const std::string& path, const Document& top, const Json& value,
                     const std::string& top_path) {
  if (is_recipe(path) && base.is_object() && value.is_object()) {
    const std::string gone = replaced_extent(value);
    if (!gone.empty() && base.erase(gone) > 0) drop(join_path(path, gone));
  }
  for (const auto& key : top.keys(top_path)) {
    const std::string at = join_path(path, key), from = join_path(top_path, key);
    const Json& item = value[key];
    if (base.contains(key) && base[key].is_object() && item.is_object() &&
        !changes_kind(base[key], item)) {
      merge(base[key], at, top, item, from);
      continue;
    }
    const bool extent = is_recipe(path) && (key == "epochs" || key == "steps");
    const auto old = nodes.find(at);
    const std::size_t order = old == nodes.end() ? 0 : old->second.order;
    base[key] = extent && base.contains(key) ? scaled_extent(base[key], item) : item;
    drop(at);
    adopt(at, top, from);
    if (order > 0) nodes[at].order = order;
  }
}

std::size_t Document::last_order() const {
  std::size_t last = 0;
  for (const auto& [name, node] : nodes) last = std::max(last, node.order);
  return last;
}

void Document::adopt_one(const std::string& path, const Document& top,
                         const std::string& top_path) {
  const auto node = top.nodes.find(top_path);
  if (node == top.nodes.end()) return;
  const std::size_t order = last_order() + node->second.order;
  nodes[path] = node->second;
  nodes[path].order = order;
}

void Document::adopt(const std::string& path, const Document& top, const std::string& top_path) {
  const std::size_t last = last_order();
  for (auto it = top.nodes.lower_bound(top_path); it != top.nodes.end(); ++it) {
    if (!it->first.starts_with(top_path)) break;
    if (!below(it->first, top_path)) continue;
    Node node = it->second;
    node.order += last;
    nodes[path + it->first.substr(top_path.size())] = node;
  }
}

void Document::drop(const std::string& path) {
  for (auto it = nodes.lower_bound(path); it != nodes.end() && it->first.starts_with(path);) {
    it = below(it->first, path) ? nodes.erase(it) : std::next(it);
  }
}

void Document::erase(const std::string& path) {
  const auto dot = path.rfind('.');
  const std::string parent = dot == path.npos ? "" : path.substr(0, dot);
  const Json* table = find(parent);
  if (!table || !table->is_object()) return;
  data[Json::json_pointer(parent.empty() ? "" : "/" + slashes(parent))].erase(
      path.substr(dot == path.npos ? 0 : dot + 1));
  drop(path);
}

void Document::fail(const std::string& path, At at, const std::string& message,
                    const std::string& under, const std::string& last) const {
  const Place& where = place(path, at);
  std::string text;
  if (where.line > 0) {
    text = fmt::format("{}:{}:{}: error: {}\n", where.file, where.line, where.column, message);
  } else {
    text = fmt::format("{}: error: {}\n", where.file, message);
  }
  const auto file = lines.find(where.file);
  const bool quoted = where.line > 0 && file != lines.end() &&
                      static_cast<std::size_t>(where.line) <= file->second.size();
  if (quoted) {
    const std::string& line = file->second[static_cast<std::size_t>(where.line) - 1];
    const std::string number = std::to_string(where.line);
    text += fmt::format("  {} | {}\n", number, line);
    text += fmt::format("  {} | {}{}{}\n", std::string(number.size(), ' '), caret_line(line, where),
                        under.empty() ? "" : " ", under);
  } else if (!under.empty()) {
    text += fmt::format("  {}\n", under);
  }
  throw SuiteError(text + (last.empty() ? "" : last + " ") + "Nothing was run.");
}

}  // namespace ktb::core
