#include "core/store/outcomes.hpp"

#include <optional>
#include <utility>

#include "core/store/store.hpp"

namespace ktb::core {
namespace {

std::optional<TrialSpec> spec_of(const Trial& trial, const Store& store) {
  return trial.described() ? std::optional(trial.spec()) : store.load_spec(trial.id);
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
    if (details.specs)
      if (auto spec = spec_of(trial, store)) all.specs.emplace(trial.id, std::move(*spec));
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

TrialInFull in_full(const Trial& trial, const Store& store) {
  TrialInFull full{store.load(trial.id), spec_of(trial, store)};
  if (full.record && full.record->key != trial.key) full.record.reset();
  return full;
}

}  // namespace ktb::core
