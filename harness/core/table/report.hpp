#pragma once
#include <cstdio>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"
#include "core/table/table.hpp"

namespace ktb::core {

class Store;

enum class Format { kText, kAscii, kMarkdown, kLatex, kCsv };
Format format_from(const std::string& name);  ///< text, ascii, markdown, latex, csv; throws Error

/// Text, in ASCII where `out` is a terminal that knows nothing else.
Format text_format(std::FILE* out);

/// What tables of a plan are made from, of one named or (empty) all: with what these need beside
/// `details`. Throws Error for an unknown name.
Outcomes outcomes_of_tables(const Plan& plan, const Store& store, const std::string& table,
                            Details details);
/// Those tables. Published numbers are read from `results/published/`.
std::vector<Table> make_tables(const Plan& plan, const Store& store, const std::string& table,
                               const Outcomes& known);
/// The same, read for them alone.
std::vector<Table> make_tables(const Plan& plan, const Store& store, const std::string& table = "",
                               Details details = {});

/// Each table, and behind it those of its differences and effect sizes, where it has any.
std::vector<Table> with_differences(const std::vector<Table>& tables);

/// Every table, and below it its differences to the baseline (CSV has them in the same lines).
std::string render(const std::vector<Table>& tables, Format format);

/// A pure function of the plan and of the records under its keys.
std::string report(const Plan& plan, const Store& store, const std::string& table, Format format);

}  // namespace ktb::core
