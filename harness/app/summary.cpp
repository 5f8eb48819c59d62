#include "app/summary.hpp"
#include "core/base/output/print.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <unordered_set>

#include "core/plan/union_spec.hpp"
#include "core/table/report.hpp"
#include "core/table/table.hpp"
#include "launch/progress.hpp"

namespace ktb::app {
namespace {

enum class Role { kSource, kScratch, kTransfer };

/// `cost    ...`, and further lines under the first.
void print_lines(const char* head, const std::vector<std::string>& lines, std::FILE* out) {
  for (const auto& line : lines) {
    core::print(out, "{:<8}{}\n", head, line);
    head = "";
  }
}

/// A trial that only makes weights for others is a source,
/// even where it is trained like a scratch cell.
class Roles {
 public:
  explicit Roles(const core::Plan& plan) {
    for (const auto& cell : plan.cells)
      for (const auto& sample : cell.samples) of_cells_.insert(sample.trial);
    for (const auto& trial : plan.trials) needed_.insert(trial.needs.begin(), trial.needs.end());
  }
  Role of(const core::Trial& trial) const {
    if (needed_.contains(trial.id) && !of_cells_.contains(trial.id)) return Role::kSource;
    return trial.outline().sources.empty() ? Role::kScratch : Role::kTransfer;
  }

 private:
  std::unordered_set<std::string> of_cells_, needed_;
};

std::size_t holes(const core::Plan& plan) {
  return static_cast<std::size_t>(
      std::count_if(plan.cells.begin(), plan.cells.end(),
                    [](const core::Cell& cell) { return !cell.hole.empty(); }));
}

std::string counts(const Summary& summary) {
  const Roles roles(summary.plan);
  std::map<Role, std::size_t> count;
  for (const auto& trial : summary.plan.trials) ++count[roles.of(trial)];
  const std::size_t all = summary.plan.trials.size(), open = summary.to_run.size();
  return fmt::format("{} trials = {} sources + {} scratch + {} transfers; {} cached, {} holes", all,
                     count[Role::kSource], count[Role::kScratch], count[Role::kTransfer],
                     all - open, holes(summary.plan));
}

/// The seeds of a cell cost the same.
class Estimates {
 public:
  explicit Estimates(const launch::CostBook& costs) : costs_(costs) {}

  const std::optional<launch::Estimate>& of(const core::Trial& trial) {
    const auto [known, fresh] = known_.try_emplace(&trial.outline());
    if (fresh) known->second = costs_.estimate(trial.outline());
    return known->second;
  }

 private:
  const launch::CostBook& costs_;
  std::map<const core::TrialSpec*, std::optional<launch::Estimate>> known_;
};

std::string cost(const Summary& summary) {
  double seconds = 0;
  std::size_t unknown = 0;
  bool at_most = false;
  Estimates estimates(summary.costs);
  for (const auto* trial : summary.to_run) {
    const auto known = estimates.of(*trial);
    unknown += !known;
    seconds += known ? known->seconds : 0;
    at_most |= known && known->at_most;
  }
  if (summary.to_run.empty()) return "nothing to run";
  if (unknown == summary.to_run.size())
    return fmt::format("unknown on {}; `ktbench run --smoke` measures it", summary.plan.device);
  std::string text = launch::about(seconds / summary.jobs);
  if (at_most) text = "at most " + text + ", judged by first steps";
  if (unknown > 0) text += fmt::format(", and {} trials of unknown cost", unknown);
  return fmt::format("{}; {} at once", text, summary.jobs);
}

std::vector<std::string> rules(const core::Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& rule : plan.rules)
    lines.push_back(fmt::format("{} ({}): {} trials", rule.text, rule.place, rule.trials));
  return lines;
}

bool of_cells(const core::Row& row) {
  return row.kind == core::RowKind::kCells || row.kind == core::RowKind::kDerived;
}

std::string tables(const Summary& summary) {
  std::vector<std::string> sizes;
  std::size_t cells = 0, published = 0;
  // Their sizes are the plan's: no record is read for them.
  for (const auto& table : core::make_tables(summary.plan, summary.store, "", core::Outcomes())) {
    std::size_t rows = 0;
    for (const auto& row : table.rows) {
      rows += of_cells(row);
      for (const auto& entry : row.entries) {
        cells += of_cells(row) && entry.state != core::State::kBlank;
        published += row.kind == core::RowKind::kPublished && entry.state == core::State::kFixed;
      }
    }
    sizes.push_back(fmt::format("{} {}x{}", table.name, rows, table.columns.size()));
  }
  auto text = fmt::format("{}", fmt::join(sizes, ", "));
  return published > 0
             ? text + fmt::format("; published values for {} of {} cells", published, cells)
             : text;
}

/// Every data set that a trial reads, as the suite calls it.
std::map<std::string, std::string> datasets(const core::Plan& plan) {
  std::map<std::string, std::string> plugins;
  const auto note = [&](const core::TaskRef& task) {
    if (task.plugin != core::kUnion) {
      plugins[task.dataset] = task.plugin;
      return;
    }
    for (const auto& part : core::union_of(task.options).parts) plugins[part.name] = part.plugin;
  };
  std::set<const core::TrialSpec*> seen;
  for (const auto& trial : plan.trials) {
    if (!seen.insert(&trial.outline()).second) continue;
    note(trial.outline().task);
    for (const auto& source : trial.outline().sources) note(source.task);
  }
  return plugins;
}

std::string state_of(const core::Plan& plan, const std::string& dataset,
                     const std::string& plugin) {
  const auto lacks = [&](const core::Missing& missing) {
    return missing.name == dataset || missing.name == plugin;
  };
  if (std::ranges::none_of(plan.missing, lacks)) return "found";
  const auto known = plan.data.find(dataset);
  const bool unreadable =
      known != plan.data.end() && known->second.state == core::DataState::kUnreadable;
  return fmt::format("{} (see `ktbench data {}`)", unreadable ? "UNREADABLE" : "MISSING", plugin);
}

std::vector<std::string> data(const core::Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& [name, plugin] : datasets(plan))
    lines.push_back(fmt::format("{}: {} {}", name, plugin, state_of(plan, name, plugin)));
  return lines;
}

/// Reasons with how many cells they leave out.
std::vector<std::string> hole_lines(const core::Plan& plan) {
  std::map<std::string, std::vector<std::string>> cells;
  for (const auto& cell : plan.cells) {
    if (cell.hole.empty()) continue;
    const auto axis = [&](const char* name) {
      return cell.axes.contains(name) ? cell.axes.at(name) : "";
    };
    cells[cell.hole].push_back(axis("method") + " " + axis("pair"));
  }
  std::vector<std::string> lines;
  for (const auto& [reason, names] : cells)
    lines.push_back(fmt::format("{}: {}", reason, fmt::join(names, ", ")));
  return lines;
}

const char* role_name(Role role) {
  return role == Role::kSource ? "source" : role == Role::kScratch ? "scratch" : "transfer";
}

}  // namespace

void print_summary(const Summary& summary, std::FILE* out) {
  const core::Plan& plan = summary.plan;
  core::print(out, "{}\n", counts(summary));
  print_accepted(plan, out);
  print_lines("cost", {cost(summary)}, out);
  print_lines("rules", rules(plan), out);
  if (!plan.tables.empty()) print_lines("tables", {tables(summary)}, out);
  print_lines("sources", plan.sources, out);
  print_lines("data", data(plan), out);
  print_lines("holes", hole_lines(plan), out);
  print_lines("note", plan.warnings, out);
}

void print_accepted(const core::Plan& plan, std::FILE* out) {
  std::map<std::string, std::size_t> counts;
  for (const auto& trial : plan.trials)
    if (!trial.accepted.empty()) ++counts[trial.accepted];
  std::vector<std::string> lines;
  for (const auto& [how, count] : counts) lines.push_back(fmt::format("{} trials {}", count, how));
  print_lines("accept", lines, out);
}

void print_missing(const core::Plan& plan, std::FILE* out) {
  for (const auto& missing : plan.missing) core::print(out, "missing {}\n", missing.message);
}

void print_trials(const Summary& summary, std::FILE* out) {
  const Roles roles(summary.plan);
  std::unordered_set<std::string> open;
  for (const auto* trial : summary.to_run) open.insert(trial->id);
  std::size_t width = 0;
  for (const auto& trial : summary.plan.trials)
    width = std::max(width, launch::title(trial).size());
  core::print(out, "trials\n");
  Estimates estimates(summary.costs);
  for (const auto& trial : summary.plan.trials) {
    const auto& seconds = estimates.of(trial);
    const std::string state = !open.contains(trial.id) ? "cached"
                              : seconds                ? launch::about(seconds->seconds)
                                                       : "to run";
    core::print(out, "  {:<9}{:<{}}  {:<12}  {}\n", role_name(roles.of(trial)),
                launch::title(trial), width, state, trial.id);
  }
}

}  // namespace ktb::app
