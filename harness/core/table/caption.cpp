#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

std::string plural(std::size_t n, const std::string& noun) {
  return fmt::format("{} {}{}", n == 1 ? "one" : std::to_string(n), noun, n == 1 ? "" : "s");
}

template <class Number>
std::string span(const std::set<Number>& numbers) {
  return numbers.size() == 1 ? fmt::format("{}", *numbers.begin())
                             : fmt::format("{} to {}", *numbers.begin(), *numbers.rbegin());
}

std::string joined(const std::set<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

std::string spread_name(const std::string& spread) {
  if (spread == "ci") return "mean ± half of the 95 % interval";
  if (spread == "range") return "mean [lowest, highest]";
  if (spread == "none") return "mean";
  return "mean ± " + spread;
}

/// For a reader who has no legend at hand.
std::string long_spread_name(const std::string& spread) {
  if (spread == "sd") return "Mean ± standard deviation";
  if (spread == "se") return "Mean ± standard error";
  if (spread == "ci") return "Mean ± half of its 95 % interval";
  return spread == "range" ? "Mean [lowest, highest]" : "Mean";
}

/// What records say of their making, and how a line of provenance puts it.
constexpr std::array<std::pair<const char*, const char*>, 6> kProvenance{{{"version", "ktbench "},
                                                                          {"build", "build "},
                                                                          {"torch", "LibTorch "},
                                                                          {"device", ""},
                                                                          {"cpu", ""},
                                                                          {"instructions", ""}}};

/// What the cells of a table have in common, gathered over their chosen trials.
struct Facts {
  std::set<std::size_t> seeds;
  std::set<std::string> rules;
  std::set<std::string> generated;               ///< data sets that were not read from files
  std::set<std::int64_t> train, test;            ///< examples
  std::set<std::int64_t> transitions, episodes;  ///< of control, in their place
  std::set<std::int64_t> epochs, steps, batch;   ///< as far as the trials' files are at hand
  std::map<std::string, std::set<std::string>> provenance;  ///< by the record's words
  std::set<const Result*> trials;
  std::set<std::shared_ptr<const Making>> makings;  ///< that were looked at
  bool shared_source = false, own_source = false;

  std::string machine(const std::string& name) const {
    const auto found = provenance.find(name);
    return found == provenance.end() ? "" : joined(found->second);
  }
};

void gather_sources(const Cell& cell, Facts& facts) {
  std::set<std::vector<std::string>> sources;
  for (const Sample& sample : cell.samples) {
    if (sample.sources.empty()) return;
    sources.insert(sample.sources);
  }
  if (cell.samples.size() < 2) return;
  (sources.size() == 1 ? facts.shared_source : facts.own_source) = true;
}

void gather_making(const Making& making, Facts& facts) {
  const auto text = [](const Json& json, const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto keep = [](const std::string& value, std::set<std::string>& values) {
    if (!value.empty()) values.insert(value);
  };
  keep(text(making.selected, "rule"), facts.rules);
  for (const auto& [name, title] : kProvenance)
    keep(text(making.provenance, name), facts.provenance[name]);
  if (making.dataset && text(making.provenance, "data") == "generated")
    facts.generated.insert(*making.dataset);
}

void gather_examples(const Figures<std::int64_t>& examples, Facts& facts) {
  const auto count = [&](const char* name, std::set<std::int64_t>& counts) {
    if (const auto found = examples.find(name)) counts.insert(*found);
  };
  const bool control = examples.find("train") == 0;
  count(control ? "transitions" : "train", control ? facts.transitions : facts.train);
  count("test", control ? facts.episodes : facts.test);
}

void gather_budget(const Recipe& recipe, Facts& facts) {
  if (recipe.epochs > 0) facts.epochs.insert(recipe.epochs);
  if (recipe.steps > 0) facts.steps.insert(recipe.steps);
  facts.batch.insert(recipe.batch);
}

void gather_trial(const TableInput& input, const std::string& trial, Facts& facts) {
  const Result* result = input.outcomes.find(trial);
  if (result == nullptr || !result->ok()) return;
  facts.trials.insert(result);
  if (facts.makings.insert(result->making).second) gather_making(*result->making, facts);
  gather_examples(result->examples, facts);
  const auto spec = input.outcomes.specs.find(trial);
  if (spec != input.outcomes.specs.end()) gather_budget(spec->second.recipe, facts);
}

Facts gather(const TableInput& input, const Grid& grid) {
  Facts facts;
  for (const auto& places : grid.places) {
    for (const Slot& place : places) {
      for (const Cell* cell : place.candidates) {
        facts.seeds.insert(cell->samples.size());
        gather_sources(*cell, facts);
        for (const std::string& trial : chosen_trials(input, *cell))
          gather_trial(input, trial, facts);
      }
    }
  }
  return facts;
}

std::string rule_name(const std::string& rule) {
  if (rule == "last") return "last epoch";
  if (rule == "best-validation") return "best epoch by validation";
  if (rule == "best-test") return "best epoch by TEST";
  return rule;
}

bool one_seed(const Facts& facts) { return facts.seeds.empty() || *facts.seeds.rbegin() <= 1; }

/// The metric of all columns; empty where they differ.
std::string metric_of(const Grid& grid) {
  std::set<std::string> metrics;
  for (const Column& column : grid.columns) metrics.insert(column.metric);
  return metrics.size() == 1 ? *metrics.begin() : "";
}

std::string rules_of(const Facts& facts) {
  std::set<std::string> names;
  for (const std::string& rule : facts.rules) names.insert(rule_name(rule));
  return joined(names);
}

std::vector<std::string> line_of(const TableInput& input, const Grid& grid, const Facts& facts) {
  std::vector<std::string> caption;
  const std::string metric = metric_of(grid);
  if (!metric.empty()) caption.push_back(metric_info(metric).label());
  caption.push_back(one_seed(facts) ? "no spread" : spread_name(input.spec.spread));
  if (!facts.seeds.empty()) {
    caption.push_back(facts.seeds.size() == 1 ? plural(*facts.seeds.begin(), "seed")
                                              : span(facts.seeds) + " seeds");
  }
  if (facts.shared_source != facts.own_source) {
    caption.push_back(facts.shared_source ? "one source for all seeds" : "a source for each seed");
  }
  if (!facts.rules.empty()) caption.push_back(rules_of(facts));
  const auto say = [&](const std::set<std::int64_t>& counts, const char* noun) {
    if (!counts.empty()) caption.push_back(span(counts) + " " + noun);
  };
  say(facts.train, "training examples");
  say(facts.transitions, "transitions");
  say(facts.test, "test examples");
  say(facts.episodes, "test episodes");
  if (!facts.generated.empty()) caption.push_back("generated data: " + joined(facts.generated));
  const std::string device = facts.machine("device");
  if (!device.empty() || !input.plan.device.empty())
    caption.push_back(device.empty() ? input.plan.device : device);
  if (!input.plan.profile.empty()) caption.push_back("profile " + input.plan.profile);
  return caption;
}

/// Mean ± standard deviation of top-1 (%) over 5 seeds, with one source for all of them.
std::string values_sentence(const TableInput& input, const Grid& grid, const Facts& facts) {
  std::string text = one_seed(facts) ? "Single values" : long_spread_name(input.spec.spread);
  if (const std::string metric = metric_of(grid); !metric.empty()) {
    const MetricInfo info = metric_info(metric);
    text += " of " + info.title + (info.unit.empty() ? "" : " (" + info.unit + ")");
  }
  if (facts.seeds.size() == 1 && !one_seed(facts))
    text += fmt::format(" over {} seeds", *facts.seeds.begin());
  else if (!facts.seeds.empty())
    text += facts.seeds.size() == 1 ? ", one seed" : " over " + span(facts.seeds) + " seeds";
  if (facts.shared_source != facts.own_source)
    text +=
        facts.shared_source ? ", with one source for all of them" : ", each with its own source";
  return text + ".";
}

/// Trained for 6 to 12 epochs in batches of 32 on 600 examples; tested on 2000 examples after the
/// last epoch. Empty: nothing has run yet.
std::string conditions_sentence(const Facts& facts) {
  std::string text;
  const auto say = [&](const std::set<std::int64_t>& counts, const char* before,
                       const char* after) {
    if (!counts.empty()) text += before + span(counts) + after;
  };
  if (facts.trials.empty()) return text;
  text += " Trained";
  say(facts.epochs, " for ", " epochs");
  say(facts.steps, facts.epochs.empty() ? " for " : " or ", " steps");
  say(facts.batch, " in batches of ", "");
  say(facts.train, " on ", " examples");
  say(facts.transitions, " on ", " transitions");
  text += "; tested";
  say(facts.test, " on ", " examples");
  say(facts.episodes, " in ", " episodes");
  const std::string rules = rules_of(facts);
  if (!rules.empty()) text += (rules == "last epoch" ? " after the " : " at the ") + rules;
  return text + ".";
}

std::string provenance_of(const TableInput& input, const Facts& facts) {
  std::string text = "suite " + input.plan.suite;
  if (!input.plan.profile.empty()) text += ", profile " + input.plan.profile;
  text += ", " + plural(facts.trials.size(), "trial");
  for (const auto& [name, title] : kProvenance) {
    const std::string words = facts.machine(name);
    if (!words.empty()) text += fmt::format(", {}{}", title, words);
  }
  return text;
}

}  // namespace

void add_caption(const TableInput& input, const Grid& grid, Table& table) {
  const Facts facts = gather(input, grid);
  table.caption = line_of(input, grid, facts);
  const std::string& caveat = input.plan.caveat;
  if (!caveat.empty()) {
    table.caption.insert(table.caption.begin(), caveat);
    table.prose = "A" + caveat.substr(1) + ". ";
  }
  table.prose += values_sentence(input, grid, facts) + conditions_sentence(facts);
  if (!facts.generated.empty()) table.prose += " Generated data: " + joined(facts.generated) + ".";
  table.provenance = provenance_of(input, facts);
}

}  // namespace ktb::core
