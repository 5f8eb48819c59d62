#pragma once
#include <map>
#include <set>
#include <string>

#include "core/plan/plan.hpp"
#include "core/store/record.hpp"

namespace ktb::core {

class Store;

/// All that a report knows of a plan's trials, read at one time.
struct Outcomes {
  std::map<std::string, Record> records;   ///< by trial id; only those of the plan's own keys
  std::map<std::string, TrialSpec> specs;  ///< for trials with a record
  std::set<std::string> running;           ///< no record yet, but progress of late

  const Record* find(const std::string& trial) const;
};

/// `with_specs` reads trial.json too, which only published numbers need:
/// their protocol is compared with it.
Outcomes outcomes(const Plan& plan, const Store& store, bool with_specs = false);

}  // namespace ktb::core
