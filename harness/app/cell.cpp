#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>

#include "app/command.hpp"
#include "app/rerun.hpp"
#include "app/session.hpp"
#include "app/verdict.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/output/print.hpp"
#include "core/base/text_file.hpp"
#include "core/plan/explain.hpp"
#include "core/store/record.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;
using core::Json;

/// `SUITE kd "r56 -> r20"`, or a trial's id alone.
struct CellChoice {
  Choice choice;
  std::vector<std::string> words;
  std::optional<std::uint64_t> seed;
  RerunOptions again;

  void add_to(CLI::App& command) {
    command.add_option("cell", words, "a suite and words of the cell, or a trial's id")->required();
    command.add_option("--seed", seed, "of the cell's seeds (default: the first)");
    choice.add_options_to(command);
  }
};

bool is_suite(const std::string& word) {
  return word.ends_with(".toml") || fs::is_regular_file(word);
}

/// Takes the suite off the words. For a trial's id alone: the suite whose last plan has it.
void settle(CellChoice& cell) {
  if (is_suite(cell.words.front())) {
    cell.choice.suite = cell.words.front();
    cell.words.erase(cell.words.begin());
    return;
  }
  std::error_code none;
  for (const auto& entry :
       fs::directory_iterator(fs::path(cell.choice.site.results) / "plans", none)) {
    const core::Plan plan = core::plan_from_json(
        core::parse_json(core::read_text(entry.path()), entry.path().string()));
    const bool has =
        std::any_of(plan.trials.begin(), plan.trials.end(),
                    [&](const core::Trial& trial) { return trial.id == cell.words.front(); });
    if (!has) continue;
    cell.choice.take(plan);
    return;
  }
  throw core::Error(
      fmt::format("error: `{}` is neither a suite file nor a trial of a plan in {}/plans",
                  cell.words.front(), cell.choice.site.results));
}

/// The one cell that the words name, and the sample of the seed.
const core::Cell& only_cell(const core::Plan& plan, const CellChoice& choice) {
  const auto cells = cells_named(plan, choice.words);
  if (cells.size() == 1) return *cells.front();
  std::string names;
  for (const auto* cell : cells) names += "\n  " + title(*cell);
  throw core::Error(fmt::format("error: {} cells fit; say more:{}", cells.size(), names));
}

const core::Sample& sample_of(const core::Cell& cell, const CellChoice& choice) {
  for (const auto& sample : cell.samples) {
    const bool by_id =
        std::find(choice.words.begin(), choice.words.end(), sample.trial) != choice.words.end();
    if (choice.seed ? sample.seed == *choice.seed : by_id) return sample;
  }
  if (choice.seed || cell.samples.empty())
    throw core::Error(
        fmt::format("error: {} has no seed {}", title(cell), choice.seed.value_or(0)));
  return cell.samples.front();
}

std::string numbers(const std::map<std::string, double>& values) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : values) parts.push_back(fmt::format("{} {:.4g}", name, value));
  return fmt::format("{}", fmt::join(parts, ", "));
}

void print_line(const char* head, const std::string& text) {
  if (!text.empty()) core::print("    {:<11} {}\n", head, text);
}

void print_record(const core::Store& store, std::uint64_t seed, const std::string& id) {
  const auto record = store.load(id);
  core::print("  seed {}  {}  {}\n", seed, record ? core::word(record->status) : "no record", id);
  if (!record) return;
  print_line("reason", record->reason);
  print_line("metrics", numbers(record->metrics));
  print_line("validation", numbers(record->validation));
  for (const auto& source : record->source_metrics) print_line("source", numbers(source));
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

int show(CellChoice choice) {
  settle(choice);
  const core::Plan plan = choice.choice.last_plan();
  const core::Store store = choice.choice.site.store();
  for (const auto* cell : cells_named(plan, choice.words)) {
    core::print("{}\n", title(*cell));
    if (!cell->hole.empty()) core::print("  cannot be run: {}\n", cell->hole);
    for (const auto& sample : cell->samples)
      if (!sample.trial.empty() && (!choice.seed || *choice.seed == sample.seed))
        print_record(store, sample.seed, sample.trial);
  }
  return kOk;
}

/// A trial's id without its key: plugins and seed.
std::string stem(const std::string& id) { return id.substr(0, id.rfind('-')); }

/// What the key of each stored trial was made of; of those of the same plugins and seed, if there
/// are any, the one that differs in the fewest fields.
void print_nearest(const core::Store& store, const core::Trial& trial) {
  const Json fields = Json::parse(trial.fields);
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

int why(CellChoice choice) {
  settle(choice);
  const core::Plan plan = choice.choice.plan(*choice.choice.site.catalogue());
  const core::Cell& cell = only_cell(plan, choice);
  const core::Sample& sample = sample_of(cell, choice);
  const auto explained = core::explain(plan, cell, sample.seed);
  core::print("{}, seed {}\n", title(cell), sample.seed);
  if (!explained.hole.empty()) {
    core::print("hole: {}\n", explained.hole);
    return kOk;
  }
  core::print("trial {}\nkey   {}\nsettings\n", explained.id, explained.key);
  for (const auto& setting : explained.settings)
    core::print("  {:<34} {:<26} {}\n", setting.name, setting.value.dump(), setting.origin);
  print_key_only(explained);
  print_verdict(choice.choice.site.store(), plan.trial(sample.trial));
  return kOk;
}

int rerun_cell(CellChoice choice) {
  settle(choice);
  const core::Plan plan = choice.choice.plan(*choice.choice.site.catalogue());
  const core::Cell& cell = only_cell(plan, choice);
  const core::Sample& sample = sample_of(cell, choice);
  if (sample.trial.empty())
    throw core::Error(fmt::format("error: {} cannot be run: {}", title(cell), cell.hole));
  return rerun(choice.choice.site, plan.trial(sample.trial), choice.again) ? kOk : kTrialFailed;
}

CLI::App& add_verb(CLI::App& app, Action& action, const char* verb, const char* help,
                   int (*run)(CellChoice), const std::shared_ptr<CellChoice>& choice) {
  auto& command = *app.add_subcommand(verb, help);
  choice->add_to(command);
  command.callback([=, &action] { action = [=] { return run(*choice); }; });
  return command;
}

}  // namespace

void add_cell(CLI::App& app, Action& action) {
  add_verb(app, action, "show", "what the records of a cell say", show,
           std::make_shared<CellChoice>());
  add_verb(app, action, "why",
           "what decides a cell's result, line by line, and whether it is cached", why,
           std::make_shared<CellChoice>());
  const auto cell = std::make_shared<CellChoice>();
  auto& command = add_verb(app, action, "rerun",
                           "run a cell's trial again: identical, equal, or different and why?",
                           rerun_cell, cell);
  command.add_option("--threads", cell->again.threads, "default: as many as the first time")
      ->check(CLI::PositiveNumber);
  add_tolerance(command, cell->again.tolerance);
  command.footer("Exit code 0: identical or equal; 1: different.");
}

}  // namespace ktb::app
