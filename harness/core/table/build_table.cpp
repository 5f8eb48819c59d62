#include "core/table/build_table.hpp"

#include <set>

#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

/// One for all columns; where the suite names none, each column has its task's own.
std::vector<std::string> metrics_of(const TableSpec& spec, const Outcomes& outcomes) {
  if (auto shown = spec.shown(); !shown.empty()) return shown;
  return {leading_metric(recorded_metrics(outcomes))};
}

}  // namespace

Table build_table(const Plan& plan, const TableSpec& spec, const Outcomes& outcomes,
                  const std::optional<Published>& published) {
  TableInput input{plan, spec, outcomes, published, metrics_of(spec, outcomes), {}, {}, {}};
  for (const Trial& trial : plan.trials) {
    input.needs[trial.id] = &trial.needs;
    if (!trial.accepted.empty()) input.accepted[trial.id] = trial.accepted;
    if (!trial.lacks.empty()) input.lacks[trial.id] = trial.lacks.front();
  }
  Grid grid = make_grid(input);
  choose_metrics(input, grid);
  Table table;
  table.suite = plan.suite;
  table.profile = plan.profile;
  table.name = spec.name;
  for (const TableSpec& other : plan.tables) table.beside.push_back(other.name);
  table.title = !spec.title.empty() ? spec.title : !plan.title.empty() ? plan.title : spec.name;
  add_caption(input, grid, table);
  table.row_axes = spec.rows;
  table.columns = grid.columns;
  table.rows = grid.rows;
  table.interval = spec.spread == "range";
  table.fit = spec.fit;
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    for (std::size_t j = 0; j < grid.columns.size(); ++j) {
      table.rows[i].entries.push_back(make_entry(input, grid.places[i][j], grid.columns[j].metric));
    }
  }
  note_accepted(input, grid, table);
  note_rows(input, grid, table);
  const std::string ranks = add_ranks(input, table);
  add_columns(input, grid, table);
  compare_entries(input, table);
  note_controls(input, table);
  add_rows(input, grid, table);
  if (spec.view == "difference") show_differences(table);
  if (spec.view == "verdicts") show_verdicts(input, table);
  if (!ranks.empty()) table.legend.push_back(ranks);
  if (!spec.note.empty()) table.legend.push_back(spec.note);
  finish_notes(table);
  return table;
}

}  // namespace ktb::core
