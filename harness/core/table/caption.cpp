#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>

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

/// What the cells of a table have in common, gathered over their chosen trials.
struct Facts {
  std::set<std::size_t> seeds;
  std::set<std::string> rules, devices;
  std::set<std::string> generated;               ///< data sets that were not read from files
  std::set<std::int64_t> train, test;            ///< examples
  std::set<std::int64_t> transitions, episodes;  ///< of control, in their place
  bool shared_source = false, own_source = false;
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

void gather_record(const Record& record, Facts& facts) {
  const auto text = [](const Json& json, const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto keep = [](const std::string& value, std::set<std::string>& values) {
    if (!value.empty()) values.insert(value);
  };
  keep(text(record.selected, "rule"), facts.rules);
  keep(text(record.provenance, "device"), facts.devices);
  const auto dataset = record.axes.find("dataset");
  if (dataset != record.axes.end() && text(record.provenance, "data") == "generated")
    facts.generated.insert(dataset->second);
  const auto count = [&](const char* name, std::set<std::int64_t>& counts) {
    const auto found = record.examples.find(name);
    if (found != record.examples.end()) counts.insert(found->second);
  };
  const auto train = record.examples.find("train");
  const bool control = train != record.examples.end() && train->second == 0;
  count(control ? "transitions" : "train", control ? facts.transitions : facts.train);
  count("test", control ? facts.episodes : facts.test);
}

Facts gather(const TableInput& input, const Grid& grid) {
  Facts facts;
  for (const auto& places : grid.places) {
    for (const Slot& place : places) {
      for (const Cell* cell : place.candidates) {
        facts.seeds.insert(cell->samples.size());
        gather_sources(*cell, facts);
        for (const std::string& trial : chosen_trials(input, *cell)) {
          const Record* record = input.outcomes.find(trial);
          if (record != nullptr && record->ok()) gather_record(*record, facts);
        }
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

}  // namespace

std::vector<std::string> make_caption(const TableInput& input, const Grid& grid) {
  const Facts facts = gather(input, grid);
  const bool one_seed = facts.seeds.empty() || *facts.seeds.rbegin() <= 1;
  std::vector<std::string> caption;
  std::set<std::string> metrics;
  for (const Column& column : grid.columns) metrics.insert(column.metric);
  if (metrics.size() == 1) caption.push_back(metric_info(*metrics.begin()).label());
  caption.push_back(one_seed ? "no spread" : spread_name(input.spec.spread));
  if (!facts.seeds.empty()) {
    caption.push_back(facts.seeds.size() == 1 ? plural(*facts.seeds.begin(), "seed")
                                              : span(facts.seeds) + " seeds");
  }
  if (facts.shared_source != facts.own_source) {
    caption.push_back(facts.shared_source ? "one source for all seeds" : "a source for each seed");
  }
  if (!facts.rules.empty()) {
    std::set<std::string> names;
    for (const std::string& rule : facts.rules) names.insert(rule_name(rule));
    caption.push_back(joined(names));
  }
  const auto say = [&](const std::set<std::int64_t>& counts, const char* noun) {
    if (!counts.empty()) caption.push_back(span(counts) + " " + noun);
  };
  say(facts.train, "training examples");
  say(facts.transitions, "transitions");
  say(facts.test, "test examples");
  say(facts.episodes, "test episodes");
  if (!facts.generated.empty()) caption.push_back("generated data: " + joined(facts.generated));
  const std::string device = facts.devices.empty() ? input.plan.device : joined(facts.devices);
  if (!device.empty()) caption.push_back(device);
  if (!input.plan.profile.empty()) caption.push_back("profile " + input.plan.profile);
  return caption;
}

}  // namespace ktb::core
