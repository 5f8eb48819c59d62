#include "core/base/json_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) throw Error(path + ": cannot be read; is the path right?");
  return text;
}

/// `[json.exception.parse_error.101] parse error at ...` without its bracket.
std::string without_number(const std::string& message) {
  const auto end = message.find("] ");
  return end == std::string::npos ? message : message.substr(end + 2);
}

constexpr int kDeepest = 64;

/// How deep brackets are nested, those in texts left out.
int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside) {
      if (c == '\\') ++i;
      if (c == '"') inside = false;
    } else if (c == '"') {
      inside = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

/// `outermost` hears the keys of the outermost object, in the text's order.
Json parsed(std::string_view text, const std::string& file,
            const std::function<void(const std::string&)>& outermost = nullptr) {
  // by itself, since a parser that reports takes twice the time
  if (depth_of(text) > kDeepest)
    throw Error(fmt::format("{}: nested deeper than {} levels", file, kDeepest));
  const auto watch = [&](int depth, Json::parse_event_t event, const Json& value) {
    if (depth == 1 && event == Json::parse_event_t::key) outermost(value.get<std::string>());
    return true;
  };
  try {
    return outermost ? Json::parse(text, watch) : Json::parse(text);
  } catch (const Json::exception& problem) {
    throw Error(fmt::format("{}: no valid JSON: {}", file, without_number(problem.what())));
  }
}

std::string found(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return value.dump();
    case Json::value_t::string:
      return "a text";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::object:
      return "an object";
    default:
      return "the number " + value.dump();
  }
}

}  // namespace

void JsonView::refuse(const std::string& what) const {
  throw Error(fmt::format("{}{}{}: {}", file_, path_.empty() ? "" : ", ", path_, what));
}

void JsonView::expected(const char* wanted) const {
  refuse(fmt::format("expected {}, found {}", wanted, found(*value_)));
}

std::optional<JsonView> JsonView::find(const std::string& key) const {
  if (!value_->is_object()) expected("an object");
  const auto member = value_->find(key);
  if (member == value_->end()) return std::nullopt;
  return JsonView(*member, file_, path_.empty() ? key : fmt::format("{}.{}", path_, key));
}

JsonView JsonView::operator[](const std::string& key) const {
  if (auto member = find(key)) return *member;
  refuse(fmt::format("`{}` is missing", key));
}

std::vector<std::pair<std::string, JsonView>> JsonView::members() const {
  if (!value_->is_object()) expected("an object");
  std::vector<std::pair<std::string, JsonView>> all;
  all.reserve(value_->size());
  for (const auto& [key, value] : value_->items())
    all.emplace_back(
        key, JsonView(value, file_, path_.empty() ? key : fmt::format("{}.{}", path_, key)));
  return all;
}

std::vector<JsonView> JsonView::items() const {
  if (!value_->is_array()) expected("an array");
  std::vector<JsonView> all;
  all.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i)
    all.emplace_back((*value_)[i], file_, fmt::format("{}[{}]", path_, i));
  return all;
}

const std::string& JsonView::text() const {
  if (!value_->is_string()) expected("a text");
  return value_->get_ref<const std::string&>();
}

double JsonView::number() const {
  if (!value_->is_number()) expected("a number");
  return value_->get<double>();
}

std::int64_t JsonView::whole() const {
  if (!value_->is_number_integer()) expected("a whole number");
  return value_->get<std::int64_t>();
}

std::uint64_t JsonView::count() const {
  const bool fits = value_->is_number_unsigned() || (value_->is_number_integer() && *value_ >= 0);
  if (!fits) expected("a whole number of at least 0");
  return value_->get<std::uint64_t>();
}

std::string JsonView::id() const {
  if (value_->is_number_integer()) return value_->dump();
  if (!value_->is_string()) expected("a text or a whole number");
  return text();
}

bool JsonView::truth() const {
  if (!value_->is_boolean()) expected("true or false");
  return value_->get<bool>();
}

Json parse_json(std::string_view text, const std::string& file) { return parsed(text, file); }

JsonFile read_json_file(const std::string& path) {
  JsonFile file;
  file.path = path;
  std::set<std::string> known;
  file.data = parsed(read_whole(path), path, [&](const std::string& key) {
    file.keys.push_back(key);
    if (!known.insert(key).second)
      throw Error(fmt::format("{}: \"{}\" stands there twice", path, key));
  });
  return file;
}

}  // namespace ktb::core
