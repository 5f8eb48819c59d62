#include "core/suite/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/suggest.hpp"

namespace ktb::core {
namespace {

using At = Document::At;

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// As an error quotes it: `a list`, `the text "10%"`, `0`.
std::string shown(const Json& value) {
  if (value.is_object()) return "a table";
  if (value.is_array()) return "a list";
  return (value.is_string() ? "the text " : "") +
         value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

int first_header(const std::vector<std::string>& lines, int from, int step) {
  for (int i = from; i >= 1 && i <= static_cast<int>(lines.size()); i += step) {
    const std::string& line = lines[static_cast<std::size_t>(i) - 1];
    const auto start = line.find_first_not_of(" \t");
    if (start != line.npos && line[start] == '[') return i;
  }
  return 0;
}

/// `datasets` for `dataset` and the other way round.
std::string other_number(const std::string& key, const std::vector<std::string>& known) {
  static const std::vector<std::string> kAxes = {"dataset", "method", "label",
                                                 "pair",    "seed",   "source_seed"};
  for (const auto& axis : kAxes) {
    if (key == axis && contains(known, axis + "s")) return axis + "s";
    if (key == axis + "s" && contains(known, axis)) return axis;
  }
  return "";
}

}  // namespace

const std::vector<std::string>& top_level_keys() {
  static const std::vector<std::string> kKeys = {"ktbench", "title", "question", "default_profile",
                                                 "extends", "seeds", "datasets", "source_seeds",
                                                 "methods", "labels"};
  return kKeys;
}

std::string respelled(const Json& value, const std::string& wants) {
  const bool number = wants.find("number") != wants.npos || wants.find("count") != wants.npos;
  if (value.is_number() && wants.starts_with("a text"))
    return fmt::format("a text stands in quotes: \"{}\"", value.dump());
  if (value.is_primitive() && wants.starts_with("a list"))
    return fmt::format("in brackets: [{}]", value.dump());
  if (!value.is_string() || !number) return "";
  const auto text = value.get<std::string>();
  char* end = nullptr;
  const double read = std::strtod(text.c_str(), &end);
  const std::string rest = end;
  if (end == text.c_str() || !(rest.empty() || rest == "%" || rest == " %")) return "";
  return rest.empty()
             ? fmt::format("a number stands without quotes: {}", text)
             : fmt::format("a number stands without quotes, a share without %: {}", read / 100);
}

bool Fields::has(const std::string& key) const { return document_.find(path(key)) != nullptr; }

const Json& Fields::at(const std::string& key) const { return *document_.find(path(key)); }

std::string Fields::header() const {
  if (path_.empty()) return "a suite";
  if (const auto dot = path_.rfind("when.");
      dot == 0 || (dot != path_.npos && path_[dot - 1] == '.'))
    return fmt::format("[[{}]]", path_.substr(0, dot + 4));
  return fmt::format("[{}]", path_);
}

void Fields::wrong(const std::string& key, const std::string& wants) const {
  const Json& value = at(key);
  std::string under = respelled(value, wants);
  if (value.is_array() && wants.find("list") == wants.npos)
    under = "a list where one value is wanted";
  if (value.is_object() && path_.empty() && key.back() == 's') {
    under = fmt::format("a plural is an axis; what defines is [{}.NAME]",
                        key.substr(0, key.size() - 1));
  }
  document_.fail(path(key), At::kValue,
                 fmt::format("`{}` of {} wants {}, not {}", key, header(), wants, shown(value)),
                 under);
}

void Fields::stray(const std::string& key) const {
  const Place& place = document_.place(path(key));
  const auto file = document_.lines.find(place.file);
  const std::string message = fmt::format("{} has no key `{}`", header(), key);
  if (file == document_.lines.end() || place.line == 0)
    document_.fail(path(key), At::kKey, message);
  const int last = first_header(file->second, place.line, -1);
  const int first = first_header(file->second, 1, 1);
  document_.fail(
      path(key), At::kKey, message,
      last > 0 ? fmt::format("TOML puts this line under the last [header], line {}", last) : "",
      first > 0 ? fmt::format("`{}` is a top-level key: move it above line {}.", key, first)
                : fmt::format("`{}` is a top-level key.", key));
}

void Fields::unknown(const std::string& key, const std::vector<std::string>& known) const {
  const std::string number = other_number(key, known);
  if (number.empty() && !path_.empty() && contains(top_level_keys(), key)) stray(key);
  std::string under;
  if (!number.empty()) {
    under = fmt::format("did you mean `{}`?", number);
    if (number.ends_with('s')) under += " A singular name defines, a plural lists";
  } else if (const std::string near = nearest(key, known); !near.empty()) {
    under = fmt::format("did you mean `{}`?", near);
  } else {
    under = fmt::format("known: {}", fmt::join(known, ", "));
  }
  document_.fail(path(key), At::kKey, fmt::format("{} has no key `{}`", header(), key), under);
}

void Fields::only(const std::vector<std::string>& known) const {
  for (const auto& key : keys()) {
    if (!contains(known, key)) unknown(key, known);
  }
}

void Fields::no_stray() const {
  for (const auto& key : keys()) {
    if (key != "labels" && contains(top_level_keys(), key)) stray(key);
  }
}

void Fields::expect_table(const std::string& key, const std::string& example) const {
  if (has(key) && !at(key).is_object()) wrong(key, "a table such as " + example);
}

std::string Fields::text(const std::string& key, const std::string& missing) const {
  if (!has(key)) return missing;
  if (!at(key).is_string()) wrong(key, "a text");
  return at(key);
}

bool Fields::flag(const std::string& key, bool missing) const {
  if (!has(key)) return missing;
  if (!at(key).is_boolean()) wrong(key, "true or false");
  return at(key);
}

double Fields::number(const std::string& key, double missing, double least) const {
  if (!has(key)) return missing;
  const Json& value = at(key);
  if (!value.is_number() || value.get<double>() < least) {
    wrong(key, fmt::format("a number of at least {}", least));
  }
  return value;
}

std::int64_t Fields::count(const std::string& key, std::int64_t missing, std::int64_t least) const {
  if (!has(key)) return missing;
  const Json& value = at(key);
  if (!value.is_number_integer() || value.get<std::int64_t>() < least) {
    wrong(key, fmt::format("a whole number of at least {}", least));
  }
  return value;
}

std::vector<std::string> Fields::texts(const std::string& key) const {
  if (!has(key)) return {};
  const Json& value = at(key);
  if (value.is_string()) return {value.get<std::string>()};
  const bool fits =
      value.is_array() &&
      std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
  if (!fits) wrong(key, "a text or a list of texts");
  return value.get<std::vector<std::string>>();
}

std::vector<std::string> Fields::words(const std::string& key, const std::string& noun,
                                       const std::vector<std::string>& known) const {
  const auto given = texts(key);
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (contains(known, given[i])) continue;
    const bool list = at(key).is_array();
    document_.fail(path(key) + (list ? "." + std::to_string(i) : ""), At::kValue,
                   fmt::format("`{}` is no {}{}", given[i], noun, did_you_mean(given[i], known)),
                   fmt::format("known: {}", fmt::join(known, ", ")));
  }
  return given;
}

std::vector<std::string> Fields::patterns(const std::string& key) const {
  if (!has(key)) return {};
  const Json list = at(key).is_array() ? at(key) : Json::array({at(key)});
  std::vector<std::string> out;
  for (const auto& item : list) {
    if (item.is_structured()) wrong(key, "a text, a number or a list of them");
    out.push_back(show_value(item));
  }
  if (out.empty()) wrong(key, "at least one value in its list");
  return out;
}

std::vector<double> Fields::numbers(const std::string& key, double above) const {
  if (!has(key)) return {};
  const Json list = at(key).is_array() ? at(key) : Json::array({at(key)});
  std::vector<double> out;
  for (const auto& item : list) {
    if (!item.is_number() || item.get<double>() <= above) {
      wrong(key, fmt::format("a number above {} or a list of them", above));
    }
    out.push_back(item);
  }
  if (out.empty()) wrong(key, "at least one number in its list");
  return out;
}

std::vector<std::uint64_t> Fields::seeds(const std::string& key) const {
  if (!has(key)) return {};
  const Json& value = at(key);
  const auto whole = [](const Json& item, std::int64_t least) {
    return item.is_number_integer() && item.get<std::int64_t>() >= least;
  };
  std::vector<std::uint64_t> out;
  if (whole(value, 1)) {
    for (std::uint64_t seed = 0; seed < value.get<std::uint64_t>(); ++seed) out.push_back(seed);
    return out;
  }
  const bool fits =
      value.is_array() && !value.empty() &&
      std::all_of(value.begin(), value.end(), [&](const Json& s) { return whole(s, 0); });
  if (!fits) wrong(key, "a count of at least 1 or a list of seeds");
  for (const auto& seed : value) {
    if (std::count(out.begin(), out.end(), seed.get<std::uint64_t>())) {
      wrong(key, "every seed once in its list");
    }
    out.push_back(seed);
  }
  return out;
}

std::string Fields::word(const std::string& key, const std::string& missing,
                         const std::vector<std::string>& known) const {
  const std::string value = text(key, missing);
  if (!has(key) || contains(known, value)) return value;
  const std::string near = nearest(value, known);
  document_.fail(path(key), At::kValue,
                 fmt::format("`{}` of {} is one of {}", key, header(), fmt::join(known, ", ")),
                 near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

}  // namespace ktb::core
