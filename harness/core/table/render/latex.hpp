#pragma once
#include <string>
#include <vector>

#include "core/table/table.hpp"

namespace ktb::core {

/// A macro for every number, for the preamble: prose that writes `\ktbHubQuickMainKdFivePercent`
/// cannot drift from the table. Names carry suite, profile and table; to read them twice is
/// harmless, and a name with two values an error.
std::string latex_numbers(const std::vector<Table>& tables);

/// A booktabs table (packages booktabs and graphicx), scaled down where it is wider than its
/// column, or the page where its `fit` is that.
std::string latex_table(const Table& table);

/// A comment that names the engine which a text needs, as pdflatex cannot set some of its
/// characters (CJK, check marks); empty where it can.
std::string latex_engine(const std::string& text);

/// `hub-quick-main`: for labels and files.
std::string latex_name(const Table& table);
/// A number or an interval as shown, with true minus signs.
std::string latex_number(const std::string& text);
/// Title and caption in sentences.
std::string latex_caption(const Table& table);

}  // namespace ktb::core
