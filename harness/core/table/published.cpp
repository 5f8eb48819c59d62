#include "core/table/published.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/glob.hpp"
#include "core/base/suggest.hpp"
#include "core/score/stats.hpp"
#include "core/suite/toml_library.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

/// Where published numbers may lie; never none.
std::vector<fs::path> published_folders(const fs::path& results, const std::string& suite) {
  std::vector<fs::path> folders = {results / "published"};
  if (suite.empty()) return folders;
  fs::path folder = fs::absolute(suite).parent_path();
  for (; folder.has_relative_path(); folder = folder.parent_path())
    folders.push_back(folder / "results" / "published");
  return folders;
}

std::vector<std::string> published_names(const fs::path& results, const std::string& suite) {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& folder : published_folders(results, suite))
    for (const auto& entry : fs::directory_iterator(folder, none))
      if (entry.path().extension() == ".toml") names.insert(entry.path().stem().string());
  return {names.begin(), names.end()};
}

using Settings = std::map<std::string, std::string>;

[[noreturn]] void wrong(const toml::node& node, const std::string& text) {
  const auto& source = node.source();
  throw Error(fmt::format("{}:{}:{}: {}", source.path ? *source.path : "published values",
                          source.begin.line, source.begin.column, text));
}

std::string plain(double value) { return fmt::format("{}", value); }

/// One spelling of a setting, whether it comes from TOML or from trial.json.
std::string spelled(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
  if (const auto number = node.value<double>()) return plain(*number);
  if (const auto* array = node.as_array()) {
    std::string all;
    for (const auto& element : *array) all += (all.empty() ? "" : ", ") + spelled(element);
    return all;
  }
  wrong(node, "expected a text, a number, a truth value or an array of them");
}

std::string spelled(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number()) return plain(json.get<double>());
  if (!json.is_array()) return json.dump();
  std::string all;
  for (const Json& element : json) all += (all.empty() ? "" : ", ") + spelled(element);
  return all;
}

void flatten(const toml::table& table, const std::string& prefix, Settings& settings) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const auto* inner = node.as_table()) {
      flatten(*inner, name + ".", settings);
    } else {
      settings[name] = spelled(node);
    }
  }
}

Settings protocol_of(const toml::table& table, Settings settings) {
  const toml::node* node = table.get("protocol");
  if (node == nullptr) return settings;
  if (!node->is_table()) wrong(*node, "`protocol` must be a table");
  flatten(*node->as_table(), "", settings);
  return settings;
}

double number_of(const toml::node& node, std::string_view key) {
  const auto number = node.value<double>();
  if (!number) wrong(node, fmt::format("`{}` must be a number", key));
  return *number;
}

/// What a key means in a [[value]] and in a [[table]]; false: an axis.
bool take_common(PublishedValue& value, std::string_view key, const toml::node& node) {
  if (key == "n") {
    value.n = static_cast<std::size_t>(std::max(0.0, number_of(node, key)));
  } else if (key == "metric") {
    value.metric = spelled(node);
  } else if (key == "source") {
    value.source = spelled(node);
  } else {
    return key == "protocol";
  }
  return true;
}

void want_metric(const toml::table& table, const PublishedValue& value, const char* what) {
  if (value.metric.empty()) wrong(table, fmt::format("a [[{}]] needs `metric`", what));
}

PublishedValue value_from(const toml::table& table, const PublishedValue& shared) {
  PublishedValue value = shared;
  value.protocol = protocol_of(table, shared.protocol);
  bool found = false;
  for (const auto& [key, node] : table) {
    const std::string_view name = key.str();
    if (take_common(value, name, node)) continue;
    if (name == "value") {
      value.value = number_of(node, name);
      found = true;
    } else if (name == "sd") {
      value.sd = number_of(node, name);
    } else {
      value.axes[std::string(name)] = spelled(node);
    }
  }
  if (!found) wrong(table, "a [[value]] needs `value`");
  want_metric(table, value, "value");
  return value;
}

const toml::node& required(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  if (node == nullptr) wrong(table, fmt::format("a [[table]] needs `{}`", key));
  return *node;
}

/// `values.kd = [0.7, nan]`: one number a column.
std::vector<double> numbers_of(const toml::node& node, std::size_t columns, std::string_view row) {
  const auto* array = node.as_array();
  if (array == nullptr || array->size() != columns)
    wrong(node, fmt::format("row `{}` needs {} numbers, one a column", row, columns));
  std::vector<double> numbers;
  for (const auto& element : *array) numbers.push_back(number_of(element, row));
  return numbers;
}

/// `sd.kd` of a [[table]]; null where there is none.
const toml::node* within(const toml::table& table, std::string_view key, const std::string& row) {
  const toml::node* rows = table.get(key);
  if (rows == nullptr) return nullptr;
  if (!rows->is_table()) wrong(*rows, fmt::format("write it as {}.ROW = ...", key));
  return rows->as_table()->get(row);
}

void add_row(const toml::table& table, const std::string& row, const toml::node& node,
             const PublishedValue& shared, std::vector<PublishedValue>& values) {
  const auto* columns = required(table, "columns").as_array();
  if (columns == nullptr) wrong(required(table, "columns"), "`columns` must be an array");
  const auto means = numbers_of(node, columns->size(), row);
  std::vector<double> spreads;
  if (const toml::node* sd = within(table, "sd", row))
    spreads = numbers_of(*sd, columns->size(), row);
  PublishedValue value = shared;
  value.axes[spelled(required(table, "rows"))] = row;
  if (const toml::node* own = within(table, "protocols", row)) {
    if (!own->is_table()) wrong(*own, fmt::format("protocols.{} must be a table", row));
    flatten(*own->as_table(), "", value.protocol);
  }
  for (std::size_t i = 0; i < means.size(); ++i) {
    if (std::isnan(means[i])) continue;
    value.axes[spelled(required(table, "cols"))] = spelled((*columns)[i]);
    value.value = means[i];
    value.sd.reset();
    if (!spreads.empty() && !std::isnan(spreads[i])) value.sd = spreads[i];
    values.push_back(value);
  }
}

void table_from(const toml::table& table, PublishedValue shared,
                std::vector<PublishedValue>& values) {
  static const std::set<std::string_view> kOwn = {"rows",   "cols", "columns",
                                                  "values", "sd",   "protocols"};
  shared.protocol = protocol_of(table, shared.protocol);
  for (const auto& [key, node] : table) {
    if (kOwn.count(key.str()) > 0 || take_common(shared, key.str(), node)) continue;
    shared.axes[std::string(key.str())] = spelled(node);
  }
  want_metric(table, shared, "table");
  const auto* rows = required(table, "values").as_table();
  if (rows == nullptr) wrong(required(table, "values"), "write rows as values.NAME = [...]");
  for (const auto& [row, node] : *rows)
    add_row(table, std::string(row.str()), node, shared, values);
}

const Json* member(const Json& json, const std::string& dotted) {
  const Json* at = &json;
  std::istringstream parts(dotted);
  for (std::string part; std::getline(parts, part, '.');) {
    if (!at->is_object() || !at->contains(part)) return nullptr;
    at = &at->at(part);
  }
  return at;
}

const Json* setting(const Json& spec, const std::string& name) {
  if (name == "dataset") return member(spec, "task.plugin");
  for (const char* room : {"recipe.", "task.", "method.options.", ""}) {
    if (const Json* found = member(spec, room + name)) return found;
  }
  return nullptr;
}

/// Half of the 95 % interval of the difference; none where no spread is known.
std::optional<double> tolerance(const std::vector<double>& ours, const PublishedValue& published) {
  const auto n = static_cast<double>(ours.size()), m = static_cast<double>(published.n);
  const double variance = ours.size() > 1 ? std::pow(standard_error(ours), 2) : 0;
  const double their_sd = published.sd.value_or(0);
  if (!published.sd || published.n < 2) {
    if (ours.size() < 2) return std::nullopt;
    return t_quantile(0.975, n - 1) * std::sqrt(variance + their_sd * their_sd);
  }
  if (ours.size() < 2) return t_quantile(0.975, m - 1) * their_sd * std::sqrt(1 + 1 / m);
  const double their_variance = their_sd * their_sd / m, sum = variance + their_variance;
  if (sum == 0) return 0;
  const double df =
      sum * sum / (variance * variance / (n - 1) + their_variance * their_variance / (m - 1));
  return t_quantile(0.975, df) * std::sqrt(sum);
}

}  // namespace

const PublishedValue* Published::find(const std::map<std::string, std::string>& axes,
                                      const std::string& metric) const {
  for (const PublishedValue& value : values) {
    bool fits = value.metric == metric;
    for (const auto& [axis, pattern] : value.axes) {
      const auto found = axes.find(axis);
      fits = fits && found != axes.end() && glob_match(pattern, found->second);
    }
    if (fits) return &value;
  }
  return nullptr;
}

fs::path published_file(const std::string& name, const fs::path& results,
                        const std::string& suite) {
  const auto folders = published_folders(results, suite);
  for (const auto& folder : folders)
    if (fs::exists(folder / (name + ".toml"))) return folder / (name + ".toml");
  return folders.front() / (name + ".toml");
}

std::vector<std::string> check_published(const Suite& suite, const fs::path& results) {
  std::set<std::string> notes;
  const auto note = [&](const std::string& path, const std::string& text) {
    notes.insert(fmt::format("{}: {}", suite.text.place(path).text(), text));
  };
  for (const auto& table : suite.tables) {
    if (std::ranges::count(table.extra, "published") == 0) continue;
    const std::string path = fmt::format("table.{}.published", table.name);
    const bool list = suite.text.find(path) != nullptr && suite.text.find(path)->is_array();
    for (std::size_t i = 0; i < table.published.size(); ++i) {
      const std::string& name = table.published[i];
      if (fs::exists(published_file(name, results, suite.file))) continue;
      const auto known = published_names(results, suite.file);
      const std::string near = did_you_mean(name, known);
      if (!near.empty())
        suite.text.fail(path + (list ? "." + std::to_string(i) : ""), Document::At::kValue,
                        fmt::format("no published numbers are called `{}`{}", name, near),
                        fmt::format("there are: {}", fmt::join(known, ", ")));
      note(path,
           fmt::format("there is no results/published/{}.toml, so its rows will be missing", name));
    }
  }
  return {notes.begin(), notes.end()};
}

Published read_published(const std::filesystem::path& path) {
  Published published;
  toml::table file;
  try {
    file = toml::parse_file(path.string());
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}:{}:{}: {}", path.string(), error.source().begin.line,
                            error.source().begin.column, error.description()));
  }
  PublishedValue shared;
  shared.protocol = protocol_of(file, {});
  if (const auto source = file["source"].value<std::string>()) shared.source = *source;
  for (const char* kind : {"value", "table"}) {
    const toml::node* entries = file.get(kind);
    if (entries == nullptr) continue;
    if (!entries->is_array_of_tables())
      wrong(*entries, fmt::format("write published numbers as [[{}]]", kind));
    for (const auto& node : *entries->as_array()) {
      const toml::table& entry = *node.as_table();
      if (std::string_view(kind) == "value") {
        published.values.push_back(value_from(entry, shared));
      } else {
        table_from(entry, shared, published.values);
      }
    }
  }
  return published;
}

std::vector<std::string> protocol_differences(const PublishedValue& published,
                                              const TrialSpec* trial) {
  const Json spec = trial == nullptr ? Json() : to_json(*trial);
  std::vector<std::string> differences;
  for (const auto& [name, wanted] : published.protocol) {
    const Json* found = setting(spec, name);
    std::string here = found == nullptr ? "not known" : spelled(*found);
    if ((name == "train" || name == "test") && here == "0") here = "all";
    if (here == wanted) continue;
    differences.push_back(fmt::format("{} {}, here {}", name, wanted.empty() ? "none" : wanted,
                                      here.empty() ? "none" : here));
  }
  return differences;
}

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWithin:
      return "within";
    case Verdict::kAbove:
      return "above";
    case Verdict::kBelow:
      return "below";
    case Verdict::kNotComparable:
      break;
  }
  return "not comparable";
}

Judgement judge(const std::vector<double>& ours, const PublishedValue& published,
                const TrialSpec* trial) {
  Judgement judgement;
  judgement.reasons = protocol_differences(published, trial);
  if (ours.empty()) judgement.reasons = {"no value of ours yet"};
  if (!judgement.reasons.empty()) return judgement;
  const std::optional<double> half = tolerance(ours, published);
  if (!half) {
    judgement.reasons = {"no spread is known on either side"};
    return judgement;
  }
  const double difference = mean(ours) - published.value;
  judgement.verdict = std::abs(difference) <= *half ? Verdict::kWithin
                      : difference > 0              ? Verdict::kAbove
                                                    : Verdict::kBelow;
  return judgement;
}

}  // namespace ktb::core
