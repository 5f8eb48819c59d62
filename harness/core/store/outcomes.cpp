#include "core/store/outcomes.hpp"

#include <optional>
#include <utility>

#include "core/store/store.hpp"

namespace ktb::core {
namespace {

void add_spec(const Trial& trial, const Store& store, Outcomes& result) {
  if (trial.described()) {
    result.specs.emplace(trial.id, trial.spec());
  } else if (auto stored = store.load_spec(trial.id)) {
    result.specs.emplace(trial.id, std::move(*stored));
  }
}

}  // namespace

const Result* Outcomes::find(const std::string& trial) const {
  const auto found = results.find(trial);
  return found == results.end() ? nullptr : &found->second;
}

const Record* Outcomes::record(const std::string& trial) const {
  const auto found = records.find(trial);
  return found == records.end() ? nullptr : &found->second;
}

std::string Outcomes::state(const std::string& trial) const {
  if (const Result* result = find(trial)) return word(result->status);
  return running.contains(trial) ? "running" : "waiting";
}

Outcomes outcomes(const Plan& plan, const Store& store, Details details) {
  Outcomes all;
  ResultReader reader;
  all.results.reserve(plan.trials.size());
  for (const Trial& trial : plan.trials) {
    std::optional<Record> record = details.records ? store.load(trial.id) : std::nullopt;
    std::optional<Result> result = record ? std::optional(reader.read(result_bytes(*record)))
                                   : details.records ? std::nullopt
                                                     : store.load_result(trial.id, reader);
    if (details.specs) add_spec(trial, store, all);
    if (result && result->key == trial.key) {
      if (details.samples && result->ok()) all.samples[trial.id] = store.samples(trial.id);
      if (record) all.records.emplace(trial.id, std::move(*record));
      all.results.emplace(trial.id, std::move(*result));
    } else if (const auto progress = store.progress(trial.id); progress && progress->fresh()) {
      all.running.insert(trial.id);
    }
  }
  return all;
}

}  // namespace ktb::core
