#pragma once
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"
#include "core/table/table.hpp"

namespace ktb::core {

class Store;

enum class Format { kText, kAscii, kMarkdown, kLatex, kCsv };
Format format_from(const std::string& name);  ///< text, ascii, markdown, latex, csv; throws Error

/// Tables of a plan, one named or (empty) all; throws Error for an unknown name. Published numbers
/// are read from `results/published/`, trials' files where `details` asks for them.
std::vector<Table> make_tables(const Plan& plan, const Store& store, const std::string& table = "",
                               Details details = {});

/// Each table, and behind it those of its differences and effect sizes, where it has any.
std::vector<Table> with_differences(const std::vector<Table>& tables);

/// Every table, and below it its differences to the baseline (CSV has them in the same lines).
std::string render(const std::vector<Table>& tables, Format format);

/// A pure function of the plan and of the records under its keys.
std::string report(const Plan& plan, const Store& store, const std::string& table, Format format);

}  // namespace ktb::core
