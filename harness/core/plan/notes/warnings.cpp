#include "core/plan/notes/warnings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/suggest.hpp"
#include "core/plan/expand.hpp"

namespace ktb::core {
namespace {

/// Below this a difference of 2 % between two candidates is within one standard error.
constexpr std::int64_t kEnoughToPick = 600;

void unequal_tuning(const Plan& plan, std::vector<std::string>& out) {
  std::map<std::string, std::size_t> tried;
  for (const auto& cell : plan.cells) {
    if (!cell.hole.empty()) continue;
    auto& most = tried[cell.axes.at("method")];
    most = std::max(most, std::max<std::size_t>(1, cell.candidates.size()));
  }
  std::set<std::size_t> counts;
  std::vector<std::string> shown;
  for (const auto& [method, count] : tried) {
    counts.insert(count);
    shown.push_back(fmt::format("{} {}", method, count));
  }
  if (counts.size() < 2) return;
  out.push_back(fmt::format("unequal tuning, configurations tried: {}", fmt::join(shown, ", ")));
}

/// The examples that a trial keeps back; -1: not known, or none, because an environment is endless.
std::int64_t validation_size(const TrialSpec& spec,
                             const std::map<std::string, std::int64_t>& train_sizes) {
  const TaskRef& task = spec.task;
  const double share = spec.recipe.validation;
  if (share == 0) return 0;
  const auto known = train_sizes.find(task.dataset);
  if (known != train_sizes.end() && known->second == 0) return -1;
  if (share > 1) return std::llround(share);
  std::int64_t train = task.train;
  if (train == 0) {
    if (known == train_sizes.end()) return -1;
    train = known->second;
  }
  return std::llround(share *
                      (task.labels > 1 ? task.labels : task.labels * static_cast<double>(train)));
}

void small_validation(const Plan& plan, const std::map<std::string, std::int64_t>& train_sizes,
                      std::vector<std::string>& out) {
  std::set<std::string> picking;
  for (const auto& cell : plan.cells) {
    if (cell.candidates.empty()) continue;
    for (const auto& sample : cell.samples) picking.insert(sample.trial);
  }
  std::map<std::string, std::int64_t> least;
  for (const auto& trial : plan.trials) {
    const bool picks =
        picking.count(trial.id) || trial.outline().recipe.select == Selection::kBestValidation;
    if (!picks) continue;
    const std::int64_t size = validation_size(trial.outline(), train_sizes);
    if (size < 0 || size >= kEnoughToPick) continue;
    const auto [entry, fresh] = least.emplace(trial.outline().task.dataset, size);
    if (!fresh) entry->second = std::min(entry->second, size);
  }
  for (const auto& [dataset, size] : least) {
    out.push_back(
        size == 0
            ? fmt::format("{}: recipe.validation = 0, so there is nothing to pick with", dataset)
            : fmt::format("{}: validation has as few as {} examples, too few to pick with (one "
                          "standard error is up to {:.1f} %)",
                          dataset, size, 50 / std::sqrt(static_cast<double>(size))));
  }
}

void best_test(const Plan& plan, std::vector<std::string>& out) {
  const auto count = std::count_if(plan.trials.begin(), plan.trials.end(), [](const Trial& trial) {
    return trial.outline().recipe.select == Selection::kBestTest;
  });
  if (count == 0) return;
  out.push_back(fmt::format(
      "select = best-test: {} trials pick their epoch on the test split; tables mark them", count));
}

void notes_on_data(const Plan& plan, std::vector<std::string>& out) {
  for (const auto& [name, data] : plan.data)
    for (const auto& note : data.notes) out.push_back(fmt::format("{}: {}", name, note));
}

/// Those of parents serve other suites.
bool is_own(const Suite& suite, const std::string& path) {
  return suite.text.place(path).file == suite.file;
}

std::string noted(const Suite& suite, const std::string& path, const std::string& text) {
  return fmt::format("{}: {}", suite.text.place(path).text(), text);
}

void unused_definitions(const Suite& suite, std::vector<std::string>& out) {
  for (const auto& path : suite.unused) {
    if (!is_own(suite, path)) continue;
    const auto dot = path.find('.');
    std::vector<std::string> used = suite.text.keys(path.substr(0, dot));
    std::erase_if(used, [&](const std::string& name) {
      return std::ranges::count(suite.unused, path.substr(0, dot + 1) + name) > 0;
    });
    out.push_back(
        noted(suite, path,
              fmt::format("nothing uses [{}]{}", path, did_you_mean(path.substr(dot + 1), used))));
  }
}

void hidden_grids(const Suite& suite, const std::vector<Cell>& cells,
                  std::vector<std::string>& out) {
  std::set<std::string> hidden;
  for (const auto& cell : cells) hidden.insert(cell.axes.at("grid"));
  for (const auto& cell : cells)
    for (const auto& table : suite.tables)
      if (hidden.contains(cell.axes.at("grid")) && matches(cell.axes, table.where))
        hidden.erase(cell.axes.at("grid"));
  for (const auto& grid : suite.grids)
    if (!suite.tables.empty() && hidden.contains(grid.name) && is_own(suite, grid.path))
      out.push_back(
          noted(suite, grid.path,
                fmt::format("no table shows [{}]; its trials run all the same", grid.path)));
}

/// `method fitnet, pair * -> vgg*`
std::string words_of(const Json& exception) {
  if (!exception.is_object()) return show_value(exception);
  std::vector<std::string> parts;
  for (const auto& [axis, globs] : exception.items())
    parts.push_back(axis + " " + show_value(globs));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::vector<std::string> idle_words(const Suite& suite, const std::vector<Cell>& cells,
                                    const std::vector<std::string>& exceptions) {
  std::vector<std::string> out;
  unused_definitions(suite, out);
  hidden_grids(suite, cells, out);
  for (const auto& path : exceptions) {
    const Json* given = suite.text.find(path);
    if (!is_own(suite, path) || given == nullptr) continue;
    out.push_back(
        noted(suite, path, fmt::format("`except` takes nothing out for {}", words_of(*given))));
  }
  return out;
}

std::vector<std::string> warnings_of(const Suite& suite, const Plan& plan,
                                     const std::map<std::string, std::int64_t>& train_sizes) {
  std::vector<std::string> out;
  unequal_tuning(plan, out);
  small_validation(plan, train_sizes, out);
  best_test(plan, out);
  notes_on_data(plan, out);
  for (const auto& rule : plan.rules) {
    if (rule.trials == 0)
      out.push_back(fmt::format("{} ({}) touches no trial", rule.text, rule.place));
  }
  if (suite.tables.empty()) out.push_back("the suite has no [table.NAME]: nothing will be shown");
  return out;
}

}  // namespace ktb::core
