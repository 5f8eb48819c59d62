#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/page/pictures.hpp"
#include "core/plan/plan.hpp"
#include "core/store/confusion.hpp"
#include "core/store/outcomes.hpp"
#include "core/table/table.hpp"

namespace ktb::core {

class Store;

/// All that a page is made from, read at one time.
struct PageInput {
  const Plan& plan;
  std::vector<Table> tables;
  Outcomes outcomes;
  std::map<std::string, std::vector<Json>> curves;   ///< by trial: lines of curve.jsonl
  std::map<std::string, std::string> logs;           ///< by trial: its last lines
  std::map<std::string, Confusion> confusions = {};  ///< by trial
  std::map<std::string, Pictures> pictures = {};     ///< by trial
};

/// Tables of a plan, one named or (empty) all, as one HTML file that needs nothing else: style,
/// script and pictures are in it, and all can be read without the script. A pure function.
std::string render_page(const PageInput& input);

/// The same of the records under the plan's keys; throws Error for an unknown table.
std::string page(const Plan& plan, const Store& store, const std::string& table = "");

/// One of two folders of results that have trials of a suite.
struct ComparedResults {
  std::string name;  ///< of the folder
  const Plan& plan;  ///< the suite as it was planned there
  std::vector<Table> tables;
  Outcomes outcomes;
};

/// One named table or (empty) all of them; throws Error for an unknown one.
ComparedResults compared_results(const Plan& plan, const Store& store, const std::string& table);

/// A page of tables in which both stand side by side, and of where they come from.
std::string render_comparison(const ComparedResults& a, const ComparedResults& b);

}  // namespace ktb::core
