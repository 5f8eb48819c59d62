#include "core/store/outcomes.hpp"

#include <optional>
#include <utility>

#include "core/store/store.hpp"

namespace ktb::core {
namespace {

void add_spec(const Trial& trial, const Store& store, Outcomes& result) {
  if (trial.described()) {
    result.specs.emplace(trial.id, trial.spec());
  } else if (const auto stored = store.trial(trial.id)) {
    result.specs.emplace(trial.id, stored->spec);
  }
}

}  // namespace

const Record* Outcomes::find(const std::string& trial) const {
  const auto found = records.find(trial);
  return found == records.end() ? nullptr : &found->second;
}

std::string Outcomes::state(const std::string& trial) const {
  if (const Record* record = find(trial)) return word(record->status);
  return running.contains(trial) ? "running" : "waiting";
}

Outcomes outcomes(const Plan& plan, const Store& store, Details details) {
  Outcomes result;
  result.records.reserve(plan.trials.size());
  for (const Trial& trial : plan.trials) {
    std::optional<Record> record = store.load(trial.id);
    if (details.specs) add_spec(trial, store, result);
    if (record && record->key == trial.key) {
      if (details.samples && record->ok()) result.samples[trial.id] = store.samples(trial.id);
      result.records.emplace(trial.id, std::move(*record));
    } else if (const auto progress = store.progress(trial.id); progress && progress->fresh()) {
      result.running.insert(trial.id);
    }
  }
  return result;
}

}  // namespace ktb::core
