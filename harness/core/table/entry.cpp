#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

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

std::vector<Sample> by_seed(const Cell& cell) {
  std::vector<Sample> samples = cell.samples;
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.seed < b.seed; });
  return samples;
}

std::vector<std::string> candidates_of(const Sample& sample) {
  std::vector<std::string> trials{sample.trial};
  trials.insert(trials.end(), sample.tuning.begin(), sample.tuning.end());
  return trials;
}

std::string sentence(const Record& record) {
  std::string text =
      fmt::format("seed {} {}", record.seed,
                  record.status == Status::kOutOfMemory   ? "ran out of memory"
                  : record.status == Status::kTimeout     ? "ran out of time"
                  : record.status == Status::kInterrupted ? "was interrupted"
                                                          : to_string(record.status));
  if (!record.reason.empty()) text += ": " + record.reason;
  return text;
}

/// What a cell is picked by: the table's first metric, or its own task's where the suite is silent.
std::string judged_by(const TableInput& input, const Cell& cell) {
  if (!input.spec.metrics.empty()) return input.spec.metrics.front();
  for (const Sample& sample : cell.samples) {
    for (const std::string& trial : candidates_of(sample)) {
      const Record* record = input.outcomes.find(trial);
      if (record != nullptr && record->ok()) return main_metric(*record);
    }
  }
  return input.metrics.front();
}

/// Whether a tuned option's value may still change because a candidate has not run.
bool tuning_open(const TableInput& input, const Cell& cell) {
  return std::any_of(cell.samples.begin(), cell.samples.end(), [&](const Sample& sample) {
    return std::any_of(sample.tuning.begin(), sample.tuning.end(), [&](const std::string& trial) {
      return input.outcomes.find(trial) == nullptr;
    });
  });
}

struct Count {
  std::size_t running = 0, ended = 0;
};

void read_samples(const TableInput& input, const Cell& cell, const std::string& metric,
                  Entry& entry, Count& count) {
  const std::vector<Sample> samples = by_seed(cell);
  const std::vector<std::string> trials = chosen_trials(input, cell);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Record* record = input.outcomes.find(trials[i]);
    if (record == nullptr) {
      count.running += input.outcomes.running.count(trials[i]);
    } else if (!record->ok()) {
      ++count.ended;
      entry.notes.push_back(sentence(*record));
    } else if (const auto found = record->metrics.find(metric); found != record->metrics.end()) {
      entry.values[samples[i].seed] = found->second * metric_info(metric).scale;
      if (record->selected.value("rule", "") == "last")
        entry.steps = record->selected.value("step", std::int64_t{0});
    } else {
      ++count.ended;
      entry.notes.push_back(fmt::format("{} was not recorded", metric));
    }
  }
}

State state_of(const Entry& entry, const Count& count) {
  if (entry.values.size() == entry.wanted) return State::kComplete;
  if (!entry.values.empty()) return State::kPartial;
  if (count.running > 0) return State::kRunning;
  return count.ended == entry.wanted ? State::kFailed : State::kPending;
}

std::string task_of(const Cell& cell) {
  std::string task;
  for (const char* axis : {"dataset", "labels"}) {
    const auto found = cell.axes.find(axis);
    if (found != cell.axes.end()) task += found->second + "/";
  }
  return task;
}

/// Each cell of `candidates` that can be picked, judged by its mean over seeds.
struct Choice {
  const Cell* best = nullptr;
  std::size_t of = 0, without = 0;
  bool on_validation = false, open = false;
};

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

Entry derived_entry(const TableInput& input, const Slot& place, const std::string& metric) {
  const Choice choice = choose(input, place);
  Entry entry;
  entry.wanted = place.candidates.front()->samples.size();
  if (choice.best == nullptr || choice.open) {
    entry.state = choice.open ? State::kPending : State::kFailed;
    if (!choice.open) entry.notes.push_back(fmt::format("none of {} has a result", choice.of));
    return entry;
  }
  entry = make_entry(input, {{choice.best}, false}, metric);
  std::string note =
      fmt::format("of {}, picked on {}", choice.of,
                  choice.on_validation ? "validation" : "the test split: optimistic");
  if (choice.without > 0)
    note += fmt::format("; {} without a full result left out", choice.without);
  entry.notes.push_back(note);
  return entry;
}

}  // namespace

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

Entry make_entry(const TableInput& input, const Slot& place, const std::string& metric) {
  Entry entry;
  if (place.candidates.empty()) {
    entry.state = State::kHole;
    entry.notes.push_back("the suite asks for no such cell");
    return entry;
  }
  if (place.derived) return derived_entry(input, place, metric);
  const Cell& cell = *place.candidates.front();
  entry.task = task_of(cell);
  entry.wanted = cell.samples.size();
  if (!cell.hole.empty()) {
    entry.state = State::kHole;
    entry.notes.push_back(cell.hole);
    return entry;
  }
  if (tuning_open(input, cell)) {
    entry.state = State::kPending;
    return entry;
  }
  Count count;
  read_samples(input, cell, metric, entry, count);
  entry.state = state_of(entry, count);
  summarise(entry, metric, input.spec);
  return entry;
}

void summarise(Entry& entry, const std::string& metric, const TableSpec& spec) {
  if (entry.values.empty()) return;
  std::vector<double> values;
  for (const auto& [seed, value] : entry.values) values.push_back(value);
  const int digits = digits_of(metric, spec);
  entry.mean = entry.low = entry.high = mean(values);
  entry.value = fixed(entry.mean, digits);
  if (values.size() < 2 || spec.spread == "none") return;
  double half = 0;
  if (spec.spread == "range") {
    entry.low = *std::min_element(values.begin(), values.end());
    entry.high = *std::max_element(values.begin(), values.end());
    entry.spread = fmt::format("[{}, {}]", fixed(entry.low, digits), fixed(entry.high, digits));
    return;
  }
  if (spec.spread == "ci") {
    half = t_interval(values).high - entry.mean;
  } else {
    half = spec.spread == "se" ? standard_error(values) : sample_sd(values);
  }
  entry.low = entry.mean - half;
  entry.high = entry.mean + half;
  entry.spread = fixed(half, digits);
}

}  // namespace ktb::core
