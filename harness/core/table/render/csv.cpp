#include "core/table/render/csv.hpp"

#include "core/base/output/csv.hpp"
#include "core/score/metrics.hpp"

namespace ktb::core {
namespace {

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) text += (text.empty() ? "" : between) + part;
  }
  return text;
}

std::string kind_of(const Row& row, const Column& column) {
  if (column.kind == ColumnKind::kMean) return "mean";
  if (column.kind == ColumnKind::kSeeds) return "seeds";
  if (column.kind == ColumnKind::kCost) return "cost";
  if (row.kind == RowKind::kPublished) return "published";
  if (row.kind == RowKind::kExtra) return "extra";
  return row.kind == RowKind::kDerived ? "derived" : "cell";
}

std::vector<std::string> fields_of(const Table& table, const Row& row, std::size_t index) {
  const Column& column = table.columns[index];
  const Entry& entry = row.entries[index];
  const bool measured = !entry.values.empty();
  const auto number = [](bool known, double value) { return known ? csv_number(value) : ""; };
  const bool compared = entry.difference.has_value();
  const Difference difference = entry.difference.value_or(Difference());
  std::vector<std::string> notes = row.notes;
  notes.insert(notes.end(), entry.notes.begin(), entry.notes.end());
  return {table.name,
          kind_of(row, column),
          joined(row.labels, " / "),
          joined(column.heads, " / "),
          column.metric,
          column.metric.empty() ? "" : metric_info(column.metric).label(),
          to_string(entry.state),
          measured ? std::to_string(entry.values.size()) : "",
          entry.wanted > 0 ? std::to_string(entry.wanted) : "",
          entry.value,
          number(measured, entry.mean),
          number(measured, entry.low),
          number(measured, entry.high),
          number(compared, difference.mean),
          number(compared, difference.low),
          number(compared, difference.high),
          number(compared, difference.p),
          number(compared, difference.p_adjusted),
          row.baseline || column.baseline ? "1" : "0",
          entry.best ? "1" : "0",
          entry.significant ? "1" : "0",
          entry.verdict,
          joined(notes, "; ")};
}

}  // namespace

std::string render_csv(const std::vector<Table>& tables) {
  std::string text = csv_line({"table",           "kind",       "row",
                               "column",          "metric",     "shown_as",
                               "state",           "n",          "wanted",
                               "value",           "mean",       "spread_low",
                               "spread_high",     "difference", "difference_low",
                               "difference_high", "p",          "p_holm",
                               "baseline",        "best",       "significant",
                               "verdict",         "notes"});
  for (const Table& table : tables) {
    for (const Row& row : table.rows) {
      for (std::size_t i = 0; i < row.entries.size(); ++i) {
        if (row.entries[i].state == State::kBlank) continue;
        text += csv_line(fields_of(table, row, i));
      }
    }
  }
  return text;
}

}  // namespace ktb::core
