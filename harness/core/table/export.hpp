#pragma once
#include <string>

#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"

namespace ktb::core {

/// All trials of a plan and its holes, one a line, flat: `suite, profile, id, key, seed, status,
/// reason`, the axes by their names, then `metric.top1`, `validation.top1`, `source.0.top1`,
/// `floor.chance`, `cost.train_seconds`, `parameters.target`, `examples.train`, `selected.rule`,
/// `provenance.host`. A trial without record is `pending` or `running`; sources are trials too.
/// Same plan and records, same bytes.
std::string export_jsonl(const Plan& plan, const Outcomes& outcomes);

/// The same as CSV (RFC 4180), every column that any trial has.
std::string export_csv(const Plan& plan, const Outcomes& outcomes);

}  // namespace ktb::core
