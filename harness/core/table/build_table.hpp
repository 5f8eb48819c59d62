#pragma once
#include <optional>

#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"
#include "core/suite/table_spec.hpp"
#include "core/table/published.hpp"
#include "core/table/table.hpp"

namespace ktb::core {

/// A pure function of its arguments. Throws Error where two cells fall on one entry.
Table build_table(const Plan& plan, const TableSpec& spec, const Outcomes& outcomes,
                  const std::optional<Published>& published = std::nullopt);

}  // namespace ktb::core
