#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

/// Mean of one figure over trials; none unless every trial is `ok` and has it.
std::optional<double> mean_over(const Outcomes& outcomes, const std::vector<std::string>& trials,
                                const std::string& metric,
                                std::map<std::string, double> Record::*figures) {
  std::vector<double> values;
  for (const std::string& trial : trials) {
    const Record* record = outcomes.find(trial);
    if (record == nullptr || !record->ok()) return std::nullopt;
    const auto found = (record->*figures).find(metric);
    if (found == (record->*figures).end() || std::isnan(found->second)) return std::nullopt;
    values.push_back(found->second);
  }
  if (values.empty()) return std::nullopt;
  return mean(values);
}

std::vector<std::string> candidates_of(const Sample& sample) {
  std::vector<std::string> trials{sample.trial};
  trials.insert(trials.end(), sample.tuning.begin(), sample.tuning.end());
  return trials;
}

/// What a cell is picked by: the table's first metric, or its own task's where the suite is silent.
std::string judged_by(const TableInput& input, const Cell& cell) {
  if (!input.spec.metrics.empty()) return input.spec.metrics.front();
  const std::string own = own_metric(input, cell);
  return own.empty() ? input.metrics.front() : own;
}

}  // namespace

std::string own_metric(const TableInput& input, const Cell& cell) {
  if (const auto dataset = cell.axes.find("dataset"); dataset != cell.axes.end()) {
    const auto planned = input.plan.metrics.find(dataset->second);
    if (planned != input.plan.metrics.end()) return planned->second;
  }
  for (const Sample& sample : cell.samples) {
    for (const std::string& trial : candidates_of(sample)) {
      const Record* record = input.outcomes.find(trial);
      if (record != nullptr && record->ok()) return main_metric(*record);
    }
  }
  return "";
}

std::vector<Sample> by_seed(const Cell& cell) {
  std::vector<Sample> samples = cell.samples;
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.seed < b.seed; });
  return samples;
}

Choice choose(const TableInput& input, const Slot& place) {
  const std::string metric = judged_by(input, *place.candidates.front());
  const double sign = metric_info(metric).sign();
  struct Score {
    const Cell* cell;
    std::optional<double> validation, test;
  };
  std::vector<Score> scores;
  Choice choice;
  for (const Cell* cell : place.candidates) {
    ++choice.of;
    const std::vector<std::string> trials = chosen_trials(input, *cell);
    Score score{cell, mean_over(input.outcomes, trials, metric, &Record::validation),
                mean_over(input.outcomes, trials, metric, &Record::metrics)};
    const bool open = cell->hole.empty() &&
                      std::any_of(trials.begin(), trials.end(),
                                  [&](auto& id) { return input.outcomes.find(id) == nullptr; });
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

std::vector<std::string> chosen_trials(const TableInput& input, const Cell& cell) {
  const std::vector<Sample> samples = by_seed(cell);
  std::vector<std::string> chosen;
  for (const Sample& sample : samples) chosen.push_back(sample.trial);
  if (samples.empty() || samples.front().tuning.empty()) return chosen;
  const std::string metric = judged_by(input, cell);
  const double sign = metric_info(metric).sign();
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t value = 0; value <= samples.front().tuning.size(); ++value) {
    std::vector<std::string> trials;
    for (const Sample& sample : samples) {
      const std::vector<std::string> candidates = candidates_of(sample);
      if (value < candidates.size()) trials.push_back(candidates[value]);
    }
    const auto score = mean_over(input.outcomes, trials, metric, &Record::validation);
    if (trials.size() == samples.size() && score && sign * *score > highest) {
      highest = sign * *score;
      chosen = trials;
    }
  }
  return chosen;
}

const Cell* chosen_cell(const TableInput& input, const Slot& place) {
  if (place.candidates.empty()) return nullptr;
  return place.derived ? choose(input, place).best : place.candidates.front();
}

std::vector<const Record*> records_of(const TableInput& input, const std::vector<Slot>& places) {
  std::set<std::string> trials;
  for (const Slot& place : places) {
    const Cell* cell = chosen_cell(input, place);
    if (cell == nullptr) continue;
    for (const std::string& trial : chosen_trials(input, *cell)) trials.insert(trial);
  }
  std::vector<const Record*> records;
  for (const std::string& trial : trials) {
    const Record* record = input.outcomes.find(trial);
    if (record != nullptr && record->ok()) records.push_back(record);
  }
  return records;
}

std::set<std::string> further_trials(const TableInput& input, const std::vector<Slot>& places) {
  std::set<std::string> chosen, all;
  for (const Slot& place : places) {
    for (const Cell* cell : place.candidates) {
      for (const Sample& sample : cell->samples) {
        if (sample.tuning.empty()) continue;
        all.insert(sample.trial);
        all.insert(sample.tuning.begin(), sample.tuning.end());
      }
      for (const std::string& trial : chosen_trials(input, *cell)) chosen.insert(trial);
    }
  }
  for (const std::string& trial : chosen) all.erase(trial);
  return all;
}

}  // namespace ktb::core
