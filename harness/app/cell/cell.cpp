#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "app/cell/rerun.hpp"
#include "app/cell/subject.hpp"
#include "app/command.hpp"
#include "app/session.hpp"
#include "app/verdict.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/base/version.hpp"
#include "core/plan/explain.hpp"
#include "core/store/class_figures.hpp"
#include "core/store/record.hpp"
#include "core/table/pick.hpp"

namespace ktb::app {
namespace {

using core::Json;

struct RerunChoice {
  CellChoice cell;
  RerunOptions again;
};

std::string numbers(const std::map<std::string, double>& values) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : values) parts.push_back(fmt::format("{} {:.4g}", name, value));
  return fmt::format("{}", fmt::join(parts, ", "));
}

void print_line(const char* head, const std::string& text) {
  if (!text.empty()) core::print("    {:<11} {}\n", head, text);
}

/// Each class of the test split, or the worst of many, and what is mistaken most often.
void print_classes(const core::Confusion& confusion) {
  constexpr std::size_t kListed = 20, kTold = 5;
  auto figures = core::class_figures(confusion);
  const std::size_t all = figures.size();
  if (all > kListed) {
    std::stable_sort(figures.begin(), figures.end(),
                     [](const auto& a, const auto& b) { return a.recall() < b.recall(); });
    figures.resize(kListed);
  }
  const std::string head =
      all > kListed ? fmt::format("the worst {} of {}", kListed, all) : "class";
  print_line("classes", fmt::format("{:<24} {:>8} {:>8} {:>10} {:>6}", head, "examples", "recall",
                                    "precision", "F1"));
  for (const auto& one : figures)
    core::print("    {:<11} {:<24} {:>8} {:>8.1f} {:>10.1f} {:>6.1f}\n", "", one.name, one.examples,
                100 * one.recall(), 100 * one.precision(), 100 * one.f1());
  const auto name = [&](std::size_t i) {
    return i < confusion.classes.size() ? confusion.classes[i] : fmt::format("class {}", i);
  };
  std::vector<std::string> told;
  for (const auto& one : core::mistakes(confusion)) {
    if (told.size() == kTold) break;
    told.push_back(
        fmt::format("{} for {} ({:.1f} %)", name(one.truth), name(one.answer), 100 * one.share));
  }
  print_line("mistaken", fmt::format("{}", fmt::join(told, ", ")));
}

/// `what`: what tells it from the cell's other trials of the seed.
void print_record(const core::Store& store, std::uint64_t seed, const std::string& id,
                  const std::string& what = "") {
  const auto record = store.load(id);
  core::print("  seed {}  {}  {}{}\n", seed, record ? core::word(record->status) : "no record", id,
              what.empty() ? "" : "  " + what);
  if (!record) return;
  print_line("reason", record->reason);
  print_line("metrics", numbers(record->metrics));
  print_line("validation", numbers(record->validation));
  for (const auto& source : record->source_metrics) print_line("source", numbers(source));
  if (const auto confusion = store.confusion(id)) print_classes(*confusion);
  print_line("terms", numbers(record->terms));
  print_line("cost", numbers(record->cost));
  for (const auto& [name, count] : record->parameters)
    print_line("parameters", fmt::format("{} {}", name, count));
  for (const auto& warning : record->warnings) print_line("warning", warning);
  for (const auto& line : record->rest.value("log", Json::array()))
    print_line("log", line.get<std::string>());
  print_line("stack", record->rest.value("stack", ""));
  print_line("folder", store.folder(id).path().string());
}

/// `temperature = 2`, and whether that is the value which a table shows.
std::string value_of(const core::Cell& cell, std::size_t candidate,
                     const std::vector<core::Pick>& picks) {
  if (candidate >= cell.candidates.size()) return "";
  const bool picked = std::any_of(picks.begin(), picks.end(), [&](const core::Pick& pick) {
    return !pick.open && pick.candidate == candidate;
  });
  return cell.candidates[candidate] + (picked ? ", picked" : "");
}

void show_cell(const core::Plan& plan, const core::Store& store, const core::Cell& cell,
               const std::optional<std::uint64_t>& seed) {
  core::print("{}\n", title(cell));
  if (!cell.hole.empty()) return core::print("  cannot be run: {}\n", cell.hole), void();
  std::vector<core::Pick> picks;
  if (core::is_tuned(cell)) picks = picks_of(plan, store, cell);
  print_picks(picks, cell);
  for (const auto& sample : cell.samples) {
    if (seed && *seed != sample.seed) continue;
    const auto trials = core::candidates_of(sample);
    for (std::size_t i = 0; i < trials.size(); ++i)
      print_record(store, sample.seed, trials[i], value_of(cell, i, picks));
  }
}

void show_trial(const core::Plan& plan, const core::Store& store, const Subject& subject) {
  core::print("{}\n", title(subject));
  std::vector<core::Pick> picks;
  const core::Cell* cell = subject.cell;
  if (cell != nullptr && core::is_tuned(*cell)) picks = picks_of(plan, store, *cell);
  if (cell != nullptr) print_picks(picks, *cell);
  print_record(store, subject.seed, subject.trial.id,
               cell != nullptr ? value_of(*cell, subject.candidate, picks) : "");
}

int show(CellChoice choice) {
  const core::Plan plan = choice.settle() ? choice.choice.last_plan() : core::Plan();
  const core::Store store = choice.choice.site.store();
  if (!plan.caveat.empty()) core::print("{}\n", plan.caveat);
  if (choice.words.size() == 1) {
    if (const auto trial = trial_named(plan, store, choice.words.front())) {
      show_trial(plan, store, *trial);
      return kOk;
    }
  }
  for (const auto* cell : cells_named(plan, choice.words))
    show_cell(plan, store, *cell, choice.seed);
  return kOk;
}

/// A trial's id without its key: plugins and seed.
std::string stem(const std::string& id) { return id.substr(0, id.rfind('-')); }

/// What the key of each stored trial was made of; of those of the same plugins and seed, if there
/// are any, the one that differs in the fewest fields.
void print_nearest(const core::Store& store, const core::Trial& trial) {
  const Json fields = Json::parse(trial.fields());
  std::string nearest;
  std::optional<std::vector<std::string>> fewest;
  for (const auto& id : store.trials()) {
    const auto record = id != trial.id ? store.load(id) : std::nullopt;
    if (!record || !record->ok()) continue;
    const auto stored = store.trial(id);
    if (!stored || stored->fields.is_null()) continue;
    auto differences = core::key_difference(stored->fields, fields);
    const auto rank = [&](const std::string& other, std::size_t count) {
      return std::pair(stem(other) != stem(trial.id), count);
    };
    if (fewest && rank(nearest, fewest->size()) <= rank(id, differences.size())) continue;
    fewest = std::move(differences);
    nearest = id;
  }
  if (!fewest) return core::print("  no other trial is stored\n"), void();
  core::print("  nearest stored trial: {}\n", nearest);
  for (const auto& difference : *fewest) core::print("    {}\n", difference);
}

void print_verdict(const core::Store& store, const core::Trial& trial) {
  const auto record = store.load(trial.id);
  if (record && record->ok() && record->key == trial.key) {
    core::print("hit: an ok record of this key is stored\n");
    return;
  }
  core::print("miss: {}\n", record ? fmt::format("its record is {}: {}", core::word(record->status),
                                                 record->reason)
                                   : "no record of this key is stored");
  print_nearest(store, trial);
}

/// What the key holds beyond the settings: file hashes, seed, versions.
void print_key_only(const core::Explanation& explained) {
  std::map<std::string, Json> settings;
  for (const auto& setting : explained.settings) settings[setting.name] = setting.value;
  core::print("further key fields\n");
  const Json fields = explained.fields.flatten();
  for (const auto& [pointer, value] : fields.items()) {
    if (value.is_null()) continue;  // an empty list
    std::string name = pointer.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    const bool listed = settings.contains(name) && settings.at(name) == value;
    const bool in_list = settings.contains(name.substr(0, name.rfind('.')));
    if (!listed && !in_list) core::print("  {:<34} {}\n", name, value.dump());
  }
}

/// The subject as the suite is planned now, or, of an id that no suite here plans, as it is stored.
struct Planned {
  core::Plan plan;
  Subject subject;
};
Planned planned(CellChoice& choice) {
  Planned now;
  if (choice.settle()) now.plan = choice.choice.plan(*choice.choice.site.catalogue());
  now.subject = subject_of(now.plan, choice.choice.site.store(), choice);
  return now;
}

int why(CellChoice choice) {
  const auto [plan, subject] = planned(choice);
  const core::Store store = choice.choice.site.store();
  const core::Cell* cell = subject.cell;
  core::print("{}\n", title(subject));
  if (cell != nullptr && !cell->hole.empty()) {
    core::print("hole: {}\n", cell->hole);
    return kOk;
  }
  if (cell != nullptr && core::is_tuned(*cell)) print_picks(picks_of(plan, store, *cell), *cell);
  const auto explained =
      core::explain(subject.trial, cell != nullptr ? cell->origin : core::Origin());
  core::print("trial {}\nkey   {}\nsettings\n", subject.trial.id, subject.trial.key);
  for (const auto& setting : explained.settings)
    core::print("  {:<34} {:<26} {}\n", setting.name, setting.value.dump(),
                cell != nullptr ? setting.origin : "");
  print_key_only(explained);
  print_verdict(store, subject.trial);
  return kOk;
}

int rerun_cell(const std::shared_ptr<RerunChoice>& choice) {
  const auto [plan, subject] = planned(choice->cell);
  if (subject.trial.id.empty())
    throw core::Error(
        fmt::format("error: {} cannot be run: {}", title(*subject.cell), subject.cell->hole));
  const std::string& build = subject.trial.outline().build;
  if (!build.empty() && build != core::build_hash())
    throw core::Error(
        fmt::format("error: {} was made by build {} of the harness, and this is {}, which cannot "
                    "run it again as it was",
                    subject.trial.id, build, core::build_hash()));
  return rerun(choice->cell.choice.site, subject.trial, choice->again) ? kOk : kTrialFailed;
}

void add_verb(CLI::App& app, Action& action, const char* verb, const char* help,
              int (*run)(CellChoice)) {
  auto& command = *app.add_subcommand(verb, help);
  const auto choice = std::make_shared<CellChoice>();
  choice->add_to(command);
  command.callback([=, &action] { action = [=] { return run(*choice); }; });
}

void add_rerun(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "rerun", "run a cell's trial again: identical, equal, or different and why?");
  const auto choice = std::make_shared<RerunChoice>();
  choice->cell.add_to(command);
  command.add_option("--threads", choice->again.threads, "default: as many as the first time")
      ->check(CLI::PositiveNumber);
  add_tolerance(command, choice->again.tolerance);
  command.footer("Exit code 0: identical or equal; 1: different.");
  command.callback([=, &action] { action = [=] { return rerun_cell(choice); }; });
}

}  // namespace

void add_cell(CLI::App& app, Action& action) {
  add_verb(app, action, "show", "what the records of a cell say", show);
  add_verb(app, action, "why",
           "what decides a cell's result, line by line, and whether it is cached", why);
  add_rerun(app, action);
}

}  // namespace ktb::app
