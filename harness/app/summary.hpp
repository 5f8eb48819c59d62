#pragma once
#include <cstdio>
#include <optional>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "launch/costs.hpp"
#include "launch/local.hpp"

namespace ktb::app {

/// What `plan` prints and `run` prints first.
struct Summary {
  const core::Plan& plan;
  const core::Store& store;
  const launch::CostBook& costs;
  std::vector<const core::Trial*> to_run;
  int jobs = 1;  ///< trials at once, for the estimate
};

/// Counts, cost, rules, tables, data, holes, warnings.
void print_summary(const Summary& summary, std::FILE* out);
/// How many trials are reused that another build made, a line for each way in which they differ.
void print_accepted(const core::Plan& plan, std::FILE* out);
/// What this machine lacks and how to get it.
void print_missing(const core::Plan& plan, std::FILE* out);
/// One line a trial.
void print_trials(const Summary& summary, std::FILE* out);

}  // namespace ktb::app
