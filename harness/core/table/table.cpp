#include "core/table/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

/// One for all columns; where the suite names none, each column has its task's own.
std::vector<std::string> metrics_of(const TableSpec& spec, const Outcomes& outcomes) {
  if (!spec.metrics.empty()) return spec.metrics;
  std::set<std::string> known;
  for (const auto& [id, record] : outcomes.records) {
    for (const auto& [metric, value] : record.metrics) known.insert(metric);
  }
  return {leading_metric(known)};
}

std::string letter(std::size_t number) {
  const std::string last(1, static_cast<char>('a' + number % 26));
  return number < 26 ? last : letter(number / 26 - 1) + last;
}

}  // namespace

std::string to_string(State state) {
  switch (state) {
    case State::kBlank:
      return "";
    case State::kFixed:
      return "fixed";
    case State::kComplete:
      return "complete";
    case State::kPartial:
      return "partial";
    case State::kRunning:
      return "running";
    case State::kPending:
      return "pending";
    case State::kFailed:
      return "failed";
    case State::kHole:
      break;
  }
  return "hole";
}

std::string fixed(double value, int digits) {
  if (std::isnan(value)) return "nan";
  const std::string text = fmt::format("{:.{}f}", value, digits);
  const bool zero = text.find_first_of("123456789") == std::string::npos && !std::isinf(value);
  return zero && text.front() == '-' ? text.substr(1) : text;
}

int digits_of(const std::string& metric, const TableSpec& spec) {
  return spec.digits + metric_info(metric).further_digits;
}

std::string Table::letters(const std::vector<std::string>& notes) const {
  std::set<std::size_t> numbers;
  for (const std::string& note : notes) {
    const auto found = std::find(footnotes.begin(), footnotes.end(), note);
    if (found != footnotes.end())
      numbers.insert(static_cast<std::size_t>(found - footnotes.begin()));
  }
  std::string text;
  for (const std::size_t number : numbers) text += (text.empty() ? "" : ",") + letter(number);
  return text;
}

Table build_table(const Plan& plan, const TableSpec& spec, const Outcomes& outcomes,
                  const std::optional<Published>& published) {
  TableInput input{plan, spec, outcomes, published, metrics_of(spec, outcomes), {}};
  for (const Trial& trial : plan.trials) input.needs[trial.id] = trial.needs;
  Grid grid = make_grid(input);
  choose_metrics(input, grid);
  Table table;
  table.name = spec.name;
  table.title = !spec.title.empty() ? spec.title : !plan.title.empty() ? plan.title : spec.name;
  table.caption = make_caption(input, grid);
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
  note_rows(input, grid, table);
  add_columns(input, grid, table);
  compare_entries(input, table);
  add_rows(input, grid, table);
  if (spec.view == "difference") show_differences(table);
  if (!spec.note.empty()) table.legend.push_back(spec.note);
  finish_notes(table);
  return table;
}

}  // namespace ktb::core
