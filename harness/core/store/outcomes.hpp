#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/record.hpp"
#include "core/store/result.hpp"

namespace ktb::core {

class Store;

/// All that a report knows of a plan's trials, read at one time.
struct Outcomes {
  std::unordered_map<std::string, Result> results;   ///< by trial id; those of the plan's own keys
  std::unordered_map<std::string, Record> records;   ///< the same in full, where that was asked for
  std::map<std::string, TrialSpec> specs;            ///< of all that the plan or their folders have
  std::map<std::string, std::vector<bool>> samples;  ///< right or wrong, a test sample each
  std::set<std::string> running;                     ///< no record yet, but progress of late

  const Result* find(const std::string& trial) const;
  const Record* record(const std::string& trial) const;
  /// `ok` or how else it ended, `running`, or `waiting`.
  std::string state(const std::string& trial) const;
};

/// What is read beside results.
struct Details {
  bool records = false;  ///< in full
  bool specs = false;    ///< trial.json: the protocol of published numbers is compared with it
  bool samples = false;  ///< samples.bin: some tests count samples
};
Outcomes outcomes(const Plan& plan, const Store& store, Details details = {});

/// What is known of one trial beside its result.
struct TrialInFull {
  std::optional<Record> record;   ///< of the plan's own key
  std::optional<TrialSpec> spec;  ///< of the plan, or of the trial's folder
};
TrialInFull in_full(const Trial& trial, const Store& store);

}  // namespace ktb::core
