#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"

namespace ktb::core {

class Store;

/// Column -> a text, a number, true or false; null where there is a column and no value.
using ExportLine = std::map<std::string, Json>;

/// All trials of a plan and its holes, one a line, flat: `suite, profile, id, key, seed, status,
/// reason, picked`, the axes by their names, `option.temperature` of the method, then
/// `recipe.optimizer.lr`, `metric.top1`, `validation.top1`, `source.0.top1`, `floor.chance`,
/// `cost.train_seconds`, `parameters.target`, `examples.train`, `selected.rule`, `provenance.host`.
/// A trial without record is `pending` or `running`; sources are trials too. `picked`: true
/// of a cell's trials, false of a tuned cell's values that no table picks, null of sources and as
/// long as a value may still be picked.
std::vector<ExportLine> export_trials(const Plan& plan, const Outcomes& outcomes);

/// Lines of their curves in the order of steps: the columns of a trial up to its axes and options,
/// then `step, epoch, seconds, lr, loss, term.kd, validation.top1, figure.usage_entropy`.
std::vector<ExportLine> export_curves(const Plan& plan, const Outcomes& outcomes,
                                      const Store& store);

/// One JSON object a line; what is no finite number is null.
std::string as_jsonl(const std::vector<ExportLine>& lines);
/// The same as CSV (RFC 4180), every column that any line has.
std::string as_csv(const std::vector<ExportLine>& lines);

}  // namespace ktb::core
