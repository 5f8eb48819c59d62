#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"

namespace ktb::core {

/// Which of a tuned cell's values stands for it: the best mean over the seeds on validation.
struct Pick {
  std::size_t candidate = 0;         ///< of `Cell::candidates`
  std::string metric;                ///< that judged
  std::optional<double> validation;  ///< its mean; none: no value has one, so the first stands
  bool open = false;                 ///< a trial has not ended, so another may be picked yet
};

bool is_tuned(const Cell& cell);
/// The trials of a seed, in the order of `Cell::candidates`; one where nothing is tuned.
std::vector<std::string> candidates_of(const Sample& sample);
/// One of these.
const std::string& candidate_of(const Sample& sample, std::size_t index);
/// Ids of trials as they stand in a plan.
using Trials = std::vector<std::reference_wrapper<const std::string>>;
/// The cell's samples in the order of their seeds.
std::vector<const Sample*> by_seed(const Cell& cell);

/// Mean of one figure over trials; none unless every trial is `ok` and has it.
std::optional<double> mean_over(const Outcomes& outcomes, const Trials& trials,
                                const std::string& metric, Figures<double> Result::*figures);

/// The metric of the cell's task as it was planned, else, for a plan stored without, as its records
/// say; empty: not known.
std::string own_metric(const Plan& plan, const Cell& cell, const Outcomes& outcomes);
/// Of all results.
std::set<std::string> recorded_metrics(const Outcomes& outcomes);
/// What a table picks by: its first metric, or the task's own where it names none.
std::string judged_by(const Plan& plan, const TableSpec& table, const Cell& cell,
                      const Outcomes& outcomes);

Pick pick(const Cell& cell, const Outcomes& outcomes, const std::string& metric);
/// One for each metric by which tables that show the cell pick; of a cell that no table shows, by
/// its task's own.
std::vector<Pick> picks(const Plan& plan, const Cell& cell, const Outcomes& outcomes);

/// `temperature = 2`, and that it is only the first where nothing picked it. Of a tuned cell.
std::string words_of(const Pick& pick, const Cell& cell);

}  // namespace ktb::core
