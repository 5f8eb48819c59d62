#include "launch/slurm/site.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/glob.hpp"
#include "core/base/suggest.hpp"
#include "core/suite/fields.hpp"
#include "core/suite/toml.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using At = core::Document::At;
using Words = std::vector<std::string>;

const Words kAxes = {"method", "pair", "source", "target", "dataset", "labels", "grid"};
const Words kResources = {"partition", "account",    "qos",     "time",    "memory",  "gpus",
                          "cpus",      "constraint", "options", "modules", "scratch", "before"};
const Words kTable = {"tasks", "at_once", "warning", "when"};

Words both(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string own_file() {
  const std::string config = variable("XDG_CONFIG_HOME");
  const fs::path folder =
      config.empty() ? fs::path(variable("HOME")) / ".config" : fs::path(config);
  return (folder / "ktbench" / "site.toml").string();
}

/// A list stands in the place of the one before.
void take(const core::Fields& fields, const std::string& key, Words& value) {
  if (fields.has(key)) value = fields.texts(key);
}

/// A count of GPUs, or what `--gres` takes.
std::string gres_of(const core::Fields& fields) {
  const core::Json& gpus = fields.at("gpus");
  if (gpus.is_string()) return gpus;
  if (!gpus.is_number_integer() || gpus.get<std::int64_t>() < 0)
    fields.wrong("gpus", "a count, or a text such as \"gpu:a100:1\" or \"shard:1\"");
  return gpus == 0 ? "" : fmt::format("gpu:{}", gpus.get<std::int64_t>());
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// Whole numbers between colons; empty where there are others.
std::vector<std::int64_t> parts_of(std::string_view text) {
  std::vector<std::int64_t> parts;
  while (true) {
    const auto colon = text.find(':');
    const auto part = number(text.substr(0, colon));
    if (!part) return {};
    parts.push_back(*part);
    if (colon == text.npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

std::int64_t seconds_of_limit(const std::string& text) {
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;
  const auto dash = text.find('-');
  const auto days = dash == text.npos ? 0 : number(std::string_view(text).substr(0, dash));
  auto parts = parts_of(std::string_view(text).substr(dash == text.npos ? 0 : dash + 1));
  if (!days || parts.empty() || parts.size() > 3) return 0;
  const bool from_hours = dash != text.npos || parts.size() == 3;
  parts.resize(3);
  const std::int64_t first = from_hours ? kHour : kMinute;
  return *days * kDay + parts[0] * first + parts[1] * first / 60 + parts[2] * first / 3600;
}

SiteFile::SiteFile(const std::string& path, const std::string& gres) : path_(path) {
  usual_.gres = gres;
  if (path_.empty() && fs::exists(own_file())) path_ = own_file();
  if (path_.empty()) return;
  document_ = core::read_toml(path_, path_);
  read();
}

void SiteFile::read() {
  for (const auto& key : document_.keys(""))
    if (key != "slurm")
      document_.fail(key, At::kKey, fmt::format("a site file has no `{}`", key),
                     "all that it knows stands under [slurm]");
  const core::Fields root(document_, "");
  root.expect_table("slurm", "[slurm]");
  const core::Fields table(document_, "slurm");
  table.only(both(kResources, kTable));
  tasks_ = table.count("tasks", tasks_, 1);
  at_once_ = table.count("at_once", at_once_, 0);
  warning_ = table.count("warning", warning_, 1);
  usual_ = resources("slurm", usual_);
  if (!table.has("when")) return;
  const core::Json& rules = table.at("when");
  if (!rules.is_array()) table.wrong("when", "rules such as [[slurm.when]]");
  for (std::size_t i = 0; i < rules.size(); ++i) read_rule(fmt::format("slurm.when.{}", i));
}

void SiteFile::read_rule(const std::string& path) {
  if (!document_.find(path)->is_object())
    document_.fail(path, At::kValue, "a rule is a table: [[slurm.when]]");
  const core::Fields fields(document_, path);
  fields.only(both(kResources, kAxes));
  Rule rule{path, document_.place(path).text(), {}};
  for (const auto& axis : kAxes)
    if (fields.has(axis)) rule.axes[axis] = fields.patterns(axis);
  if (rule.axes.empty())
    document_.fail(path, At::kKey, "this rule is about all trials",
                   fmt::format("say which: {}", fmt::join(kAxes, ", ")));
  resources(path, usual_);
  rules_.push_back(std::move(rule));
}

Resources SiteFile::resources(const std::string& path, Resources base) const {
  const core::Fields fields(document_, path);
  base.partition = fields.text("partition", base.partition);
  base.account = fields.text("account", base.account);
  base.qos = fields.text("qos", base.qos);
  base.time = fields.text("time", base.time);
  base.memory = fields.text("memory", base.memory);
  base.constraint = fields.text("constraint", base.constraint);
  base.scratch = fields.text("scratch", base.scratch);
  base.cpus = fields.count("cpus", base.cpus, 1);
  take(fields, "options", base.options);
  take(fields, "modules", base.modules);
  take(fields, "before", base.before);
  if (fields.has("gpus")) base.gres = gres_of(fields);
  if (!base.time.empty()) check_time(path, base.time);
  return base;
}

void SiteFile::check_time(const std::string& path, const std::string& time) const {
  constexpr std::int64_t kLeast = 120;  // the warning may come a minute early
  const bool own = document_.find(path + ".time") != nullptr;
  const std::string at = own ? path + ".time" : "slurm.warning";
  const std::int64_t seconds = seconds_of_limit(time);
  if (seconds <= 0)
    document_.fail(at, At::kValue, fmt::format("`{}` is no time limit", time),
                   "as sbatch takes it: \"90\" (minutes), \"8:00:00\" or \"2-12:00:00\"");
  if (seconds < warning_ + kLeast)
    document_.fail(at, At::kValue,
                   fmt::format("a job of {} s that is warned {} s before its end does nothing",
                               seconds, warning_),
                   fmt::format("`time` must be {} s longer than `warning`", kLeast));
}

Resources SiteFile::of(const core::Trial& trial) {
  Resources result = usual_;
  const auto axes = trial.spec().axes;
  for (Rule& rule : rules_) {
    const bool fits = std::ranges::all_of(rule.axes, [&](const auto& wanted) {
      const auto value = axes.find(wanted.first);
      return value != axes.end() && core::glob_any(wanted.second, value->second);
    });
    if (!fits) continue;
    rule.used = true;
    result = resources(rule.path, std::move(result));
  }
  return result;
}

std::vector<std::string> SiteFile::unused() const {
  std::vector<std::string> places;
  for (const Rule& rule : rules_)
    if (!rule.used) places.push_back(rule.place);
  return places;
}

}  // namespace ktb::launch
