#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {

Pick picked_value(const TableInput& input, const Cell& cell) {
  return pick(cell, input.outcomes, judged_by(input.plan, input.spec, cell, input.outcomes));
}

Choice choose(const TableInput& input, const Slot& place) {
  const std::string metric =
      judged_by(input.plan, input.spec, *place.candidates.front(), input.outcomes);
  const double sign = metric_info(metric).sign();
  struct Score {
    const Cell* cell;
    std::optional<double> validation, test;
  };
  std::vector<Score> scores;
  Choice choice;
  for (const Cell* cell : place.candidates) {
    ++choice.of;
    const Trials trials = chosen_trials(input, *cell);
    Score score{cell, mean_over(input.outcomes, trials, metric, &Result::validation),
                mean_over(input.outcomes, trials, metric, &Result::metrics)};
    const bool open = cell->hole.empty() &&
                      std::any_of(trials.begin(), trials.end(),
                                  [&](const std::string& id) { return !input.outcomes.find(id); });
    choice.open = choice.open || open;
    if (score.test) {
      scores.push_back(score);
    } else {
      ++choice.without;
    }
  }
  choice.on_validation = std::all_of(scores.begin(), scores.end(), [](const Score& score) {
    return score.validation.has_value();
  });
  double highest = -std::numeric_limits<double>::infinity();
  for (const Score& score : scores) {
    const double value = sign * (choice.on_validation ? *score.validation : *score.test);
    if (value > highest) {
      highest = value;
      choice.best = score.cell;
    }
  }
  return choice;
}

Trials chosen_trials(const TableInput& input, const Cell& cell) {
  const std::size_t value = is_tuned(cell) ? picked_value(input, cell).candidate : 0;
  Trials chosen;
  for (const Sample* sample : by_seed(cell))
    chosen.push_back(candidate_of(*sample, std::min(value, sample->tuning.size())));
  return chosen;
}

const Cell* chosen_cell(const TableInput& input, const Slot& place) {
  if (place.candidates.empty()) return nullptr;
  return place.derived ? choose(input, place).best : place.candidates.front();
}

std::vector<const Result*> results_of(const TableInput& input, const std::vector<Slot>& places) {
  Trials trials;
  for (const Slot& place : places) {
    const Cell* cell = chosen_cell(input, place);
    if (cell == nullptr) continue;
    const Trials chosen = chosen_trials(input, *cell);
    trials.insert(trials.end(), chosen.begin(), chosen.end());
  }
  const auto same = [](const std::string& a, const std::string& b) { return a == b; };
  std::sort(trials.begin(), trials.end(), std::less<std::string>());
  trials.erase(std::unique(trials.begin(), trials.end(), same), trials.end());
  std::vector<const Result*> results;
  for (const std::string& trial : trials) {
    const Result* result = input.outcomes.find(trial);
    if (result != nullptr && result->ok()) results.push_back(result);
  }
  return results;
}

std::set<std::string> further_trials(const TableInput& input, const std::vector<Slot>& places) {
  std::set<std::string> all;
  const auto each_cell = [&](auto&& take) {
    for (const Slot& place : places)
      for (const Cell* cell : place.candidates) take(*cell);
  };
  each_cell([&](const Cell& cell) {
    for (const Sample& sample : cell.samples) {
      if (sample.tuning.empty()) continue;
      all.insert(sample.trial);
      all.insert(sample.tuning.begin(), sample.tuning.end());
    }
  });
  if (all.empty()) return all;
  each_cell([&](const Cell& cell) {
    for (const std::string& trial : chosen_trials(input, cell)) all.erase(trial);
  });
  return all;
}

}  // namespace ktb::core
