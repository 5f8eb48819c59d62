#include "app/cell/subject.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/suites.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/output/print.hpp"
#include "core/base/text_file.hpp"
#include "core/plan/plan_text.hpp"
#include "core/store/outcomes.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

bool is_suite(const std::string& word) {
  return word.ends_with(".toml") || !suite_file(word).empty();
}

const core::Trial* find_trial(const core::Plan& plan, const std::string& id) {
  const auto found = std::find_if(plan.trials.begin(), plan.trials.end(),
                                  [&](const core::Trial& trial) { return trial.id == id; });
  return found == plan.trials.end() ? nullptr : &*found;
}

/// Where plans are kept of which nothing was run.
fs::path only_planned(const fs::path& results) { return results / "cache" / "plans"; }

/// The last plan of any suite that has the trial; one that cannot be read has none.
std::optional<core::Plan> plan_with(const fs::path& results, const std::string& id) {
  for (const fs::path& folder : {results / "plans", only_planned(results)}) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      try {
        core::Plan plan = core::plan_from_json(
            core::parse_json(core::read_text(entry.path()), entry.path().string()));
        if (find_trial(plan, id) != nullptr) return plan;
      } catch (const core::Error& error) {
        core::print(stderr, "warning: {} is left out: {}\n", entry.path().string(), error.what());
      }
    }
  }
  return std::nullopt;
}

/// As its folder says.
std::optional<Subject> stored_trial(const core::Store& store, const std::string& id) {
  const auto stored = store.trial(id);
  if (!stored) return std::nullopt;
  Subject subject;
  subject.planned = false;
  subject.seed = stored->spec.seed;
  subject.trial.id = id;
  subject.trial.key = stored->spec.key;
  subject.trial.describe(stored->spec, stored->fields.is_null() ? "{}" : stored->fields.dump());
  for (const auto& source : stored->spec.sources)
    if (!source.trial.empty()) subject.trial.needs.push_back(source.trial);
  return subject;
}

/// The cell's and seed's trial with the `candidate`-th of its tuned values.
Subject of_cell(const core::Plan& plan, const core::Cell& cell, const core::Sample& sample,
                std::size_t candidate) {
  Subject subject;
  subject.cell = &cell;
  subject.seed = sample.seed;
  subject.candidate = candidate;
  if (!sample.trial.empty()) subject.trial = plan.trial(core::candidates_of(sample).at(candidate));
  return subject;
}

const core::Cell& only_cell(const core::Plan& plan, const std::vector<std::string>& words) {
  const auto cells = cells_named(plan, words);
  if (cells.size() == 1) return *cells.front();
  std::string names;
  for (const auto* cell : cells) names += "\n  " + title(*cell);
  throw core::Error(fmt::format("error: {} cells fit; say more:{}", cells.size(), names));
}

const core::Sample& sample_of(const core::Cell& cell, const std::optional<std::uint64_t>& seed) {
  for (const auto& sample : cell.samples)
    if (!seed || sample.seed == *seed) return sample;
  throw core::Error(fmt::format("error: {} has no seed {}", title(cell), seed.value_or(0)));
}

}  // namespace

void CellChoice::add_to(CLI::App& command) {
  command.add_option("cell", words, "a suite and words of the cell, or a trial's id")->required();
  command.add_option("--seed", seed, "of the cell's seeds (default: the first)");
  choice.add_options_to(command);
}

bool CellChoice::settle() {
  if (is_suite(words.front())) {
    choice.suite = words.front();
    words.erase(words.begin());
    return true;
  }
  if (const auto plan = plan_with(choice.site.results, words.front())) {
    choice.take(*plan);
    return true;
  }
  if (choice.site.store().trial(words.front())) return false;
  throw core::Error(
      fmt::format("error: `{}` is neither a suite nor a trial that was run or planned in {}",
                  words.front(), choice.site.results));
}

std::string title(const Subject& subject) {
  std::string text;
  if (subject.cell != nullptr) {
    text = title(*subject.cell);
    if (subject.candidate < subject.cell->candidates.size())
      text += ", " + subject.cell->candidates[subject.candidate];
  } else {
    const auto& spec = subject.trial.outline();
    text = fmt::format("{}, {}, {}", spec.method.name, spec.target ? spec.target->name : "hub",
                       spec.task.dataset);
    text += subject.planned ? " (a source)" : " (of no plan; this is what its folder says)";
  }
  return fmt::format("{}, seed {}", text, subject.seed);
}

std::optional<Subject> trial_named(const core::Plan& plan, const core::Store& store,
                                   const std::string& id) {
  const core::Trial* trial = find_trial(plan, id);
  if (trial == nullptr) return stored_trial(store, id);
  for (const auto& cell : plan.cells) {
    for (const auto& sample : cell.samples) {
      const auto trials = core::candidates_of(sample);
      const auto found = std::find(trials.begin(), trials.end(), id);
      if (found != trials.end())
        return of_cell(plan, cell, sample, static_cast<std::size_t>(found - trials.begin()));
    }
  }
  Subject source;
  source.trial = *trial;
  if (const auto stored = trial->described() ? std::nullopt : stored_trial(store, id))
    source.trial.describe(stored->trial.spec(), stored->trial.fields());  // a stored plan has none
  source.seed = source.trial.seed();
  return source;
}

Subject subject_of(const core::Plan& plan, const core::Store& store, const CellChoice& words) {
  if (words.words.size() == 1) {
    if (const auto trial = trial_named(plan, store, words.words.front())) return *trial;
  }
  const core::Cell& cell = only_cell(plan, words.words);
  return of_cell(plan, cell, sample_of(cell, words.seed),
                 core::is_tuned(cell) ? picks_of(plan, store, cell).front().candidate : 0);
}

void remember(const core::Plan& plan, const core::Store& store) {
  const fs::path folder = only_planned(store.results());
  try {
    fs::create_directories(folder);
    core::write_atomically(folder / store.plan_path(plan.suite, plan.profile).filename(),
                           core::plan_text(plan));
  } catch (const std::exception&) {
    return;  // a folder that cannot be written: its ids want their suite before them
  }
}

std::vector<core::Pick> picks_of(const core::Plan& plan, const core::Store& store,
                                 const core::Cell& cell) {
  core::Plan part;
  for (const auto& sample : cell.samples)
    for (const auto& id : core::candidates_of(sample))
      if (const core::Trial* trial = find_trial(plan, id)) part.trials.push_back(*trial);
  return core::picks(plan, cell, core::outcomes(part, store));
}

void print_picks(const std::vector<core::Pick>& picks, const core::Cell& cell) {
  for (const auto& pick : picks) {
    if (pick.open)
      core::print("  picked       none yet of {} values: not all of them have run\n",
                  cell.candidates.size());
    else if (pick.validation)
      core::print("  picked       {} on validation ({} {:.4g}), of {} values\n",
                  cell.candidates.at(pick.candidate), pick.metric, *pick.validation,
                  cell.candidates.size());
    else
      core::print("  picked       {} of {} values\n", core::words_of(pick, cell),
                  cell.candidates.size());
  }
}

}  // namespace ktb::app
