#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

std::string sentence(const Result& result) {
  std::string text = fmt::format("seed {} {}", result.seed,
                                 result.status == Status::kOutOfMemory   ? "ran out of memory"
                                 : result.status == Status::kTimeout     ? "ran out of time"
                                 : result.status == Status::kInterrupted ? "was interrupted"
                                                                         : word(result.status));
  if (!result.reason.empty()) text += ": " + result.reason;
  return text;
}

/// What keeps a cell's records from being found here: a plugin or data are missing, so that the
/// keys of its trials are not known; empty: nothing does.
std::string unknown_here(const TableInput& input, const Cell& cell) {
  if (input.lacks.empty()) return "";
  for (const Sample& sample : cell.samples) {
    for (std::size_t i = 0; i <= sample.tuning.size(); ++i) {
      const std::string& trial = candidate_of(sample, i);
      const auto lack = input.lacks.find(trial);
      if (lack != input.lacks.end() && input.outcomes.find(trial) == nullptr)
        return "cannot be told here: " + lack->second;
    }
  }
  return "";
}

/// Whether a tuned option's value may still change because a candidate has not run.
bool tuning_open(const TableInput& input, const Cell& cell) {
  return is_tuned(cell) && picked_value(input, cell).open;
}

bool at_work(const TableInput& input, const Cell& cell) {
  return std::any_of(cell.samples.begin(), cell.samples.end(), [&](const Sample& sample) {
    const std::vector<std::string> trials = candidates_of(sample);
    return std::any_of(trials.begin(), trials.end(), [&](const std::string& trial) {
      return input.outcomes.running.contains(trial);
    });
  });
}

struct Count {
  std::size_t running = 0, ended = 0;
};

void read_samples(const TableInput& input, const Cell& cell, const std::string& metric,
                  Entry& entry, Count& count) {
  const std::vector<const Sample*> samples = by_seed(cell);
  const Trials trials = chosen_trials(input, cell);
  const double scale = metric_info(metric).scale;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string& trial = trials[i];
    const std::uint64_t seed = samples[i]->seed;
    const Result* result = input.outcomes.find(trial);
    entry.trials[seed] = trial;
    if (result == nullptr) {
      count.running += input.outcomes.running.count(trial);
    } else if (!result->ok()) {
      ++count.ended;
      entry.notes.push_back(sentence(*result));
    } else if (const auto found = result->metrics.find(metric)) {
      entry.values[seed] = *found * scale;
      for (const auto& warning : result->warnings)
        if (std::ranges::find(entry.notes, warning) == entry.notes.end())
          entry.notes.push_back(warning);
      const Json& selected = result->making->selected;
      if (selected.value("rule", "") == "last")
        entry.steps = selected.value("step", std::int64_t{0});
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

Entry derived_entry(const TableInput& input, const Slot& place, const std::string& metric) {
  const Choice choice = choose(input, place);
  Entry entry;
  entry.wanted = place.candidates.front()->samples.size();
  for (const Cell* cell : place.candidates) {
    if (std::string unknown = unknown_here(input, *cell); !unknown.empty()) {
      entry.state = State::kHole;
      entry.notes.push_back(std::move(unknown));
      return entry;
    }
  }
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

std::string fixed(double value, int digits) {
  if (std::isnan(value)) return "nan";
  const std::string text = fmt::format("{:.{}f}", value, digits);
  const bool zero = text.find_first_of("123456789") == std::string::npos && !std::isinf(value);
  return zero && text.front() == '-' ? text.substr(1) : text;
}

int digits_of(const std::string& metric, const TableSpec& spec) {
  return spec.digits + metric_info(metric).further_digits;
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
  if (std::string unknown = unknown_here(input, cell); !unknown.empty()) {
    entry.state = State::kHole;
    entry.notes.push_back(std::move(unknown));
    return entry;
  }
  if (tuning_open(input, cell)) {
    entry.state = at_work(input, cell) ? State::kRunning : State::kPending;
    return entry;
  }
  Count count;
  read_samples(input, cell, metric, entry, count);
  entry.state = state_of(entry, count);
  summarise(entry, metric, input.spec);
  return entry;
}

Entry figure(const std::string& text) {
  Entry entry;
  entry.state = State::kFixed;
  entry.value = text;
  return entry;
}

Entry figure(const std::string& text, double mean, double low, double high) {
  Entry entry = figure(text);
  entry.number = true;
  entry.mean = mean;
  entry.low = low;
  entry.high = high;
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
