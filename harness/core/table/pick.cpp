#include "core/table/pick.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/plan/expand.hpp"
#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"

namespace ktb::core {

bool is_tuned(const Cell& cell) {
  return !cell.samples.empty() && !cell.samples.front().tuning.empty();
}

std::vector<std::string> candidates_of(const Sample& sample) {
  std::vector<std::string> trials{sample.trial};
  trials.insert(trials.end(), sample.tuning.begin(), sample.tuning.end());
  return trials;
}

const std::string& candidate_of(const Sample& sample, std::size_t index) {
  return index == 0 ? sample.trial : sample.tuning.at(index - 1);
}

std::vector<const Sample*> by_seed(const Cell& cell) {
  std::vector<const Sample*> samples;
  for (const Sample& sample : cell.samples) samples.push_back(&sample);
  std::sort(samples.begin(), samples.end(),
            [](const Sample* a, const Sample* b) { return a->seed < b->seed; });
  return samples;
}

std::optional<double> mean_over(const Outcomes& outcomes, const Trials& trials,
                                const std::string& metric, Figures<double> Result::*figures) {
  std::vector<double> values;
  for (const std::string& trial : trials) {
    const Result* result = outcomes.find(trial);
    if (result == nullptr || !result->ok()) return std::nullopt;
    const auto found = (result->*figures).find(metric);
    if (!found || std::isnan(*found)) return std::nullopt;
    values.push_back(*found);
  }
  if (values.empty()) return std::nullopt;
  return mean(values);
}

std::string own_metric(const Plan& plan, const Cell& cell, const Outcomes& outcomes) {
  if (const auto dataset = cell.axes.find("dataset"); dataset != cell.axes.end()) {
    const auto planned = plan.metrics.find(dataset->second);
    if (planned != plan.metrics.end()) return planned->second;
  }
  for (const Sample& sample : cell.samples) {
    for (const std::string& trial : candidates_of(sample)) {
      const Result* result = outcomes.find(trial);
      if (result != nullptr && result->ok()) return main_metric(*result);
    }
  }
  return "";
}

std::set<std::string> recorded_metrics(const Outcomes& outcomes) {
  std::set<std::string> recorded;
  for (const auto& [id, result] : outcomes.results)
    recorded.insert(result.metrics.names().begin(), result.metrics.names().end());
  return recorded;
}

std::string judged_by(const Plan& plan, const TableSpec& table, const Cell& cell,
                      const Outcomes& outcomes) {
  if (!table.metrics.empty()) return table.metrics.front();
  const std::string own = own_metric(plan, cell, outcomes);
  if (!own.empty()) return own;
  return leading_metric(recorded_metrics(outcomes));
}

Pick pick(const Cell& cell, const Outcomes& outcomes, const std::string& metric) {
  Pick picked;
  picked.metric = metric;
  if (!is_tuned(cell)) return picked;
  const double sign = metric_info(metric).sign();
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t value = 0; value <= cell.samples.front().tuning.size(); ++value) {
    Trials trials;
    for (const Sample& sample : cell.samples)
      if (value <= sample.tuning.size()) trials.push_back(candidate_of(sample, value));
    for (const std::string& trial : trials)
      picked.open = picked.open || outcomes.find(trial) == nullptr;
    const auto score = mean_over(outcomes, trials, metric, &Result::validation);
    if (trials.size() < cell.samples.size() || !score || sign * *score <= highest) continue;
    highest = sign * *score;
    picked.candidate = value;
    picked.validation = score;
  }
  return picked;
}

std::vector<Pick> picks(const Plan& plan, const Cell& cell, const Outcomes& outcomes) {
  std::vector<std::string> metrics;
  for (const TableSpec& table : plan.tables) {
    if (matches(cell.axes, table.where)) metrics.push_back(judged_by(plan, table, cell, outcomes));
  }
  if (metrics.empty()) metrics.push_back(judged_by(plan, {}, cell, outcomes));
  std::vector<Pick> all;
  for (const std::string& metric : metrics) {
    const bool known = std::any_of(all.begin(), all.end(),
                                   [&](const Pick& other) { return other.metric == metric; });
    if (!known) all.push_back(pick(cell, outcomes, metric));
  }
  return all;
}

std::string words_of(const Pick& pick, const Cell& cell) {
  const std::string value =
      pick.candidate < cell.candidates.size() ? cell.candidates[pick.candidate] : "";
  return pick.validation ? value : value + " (the first, as validation tells none apart)";
}

}  // namespace ktb::core
