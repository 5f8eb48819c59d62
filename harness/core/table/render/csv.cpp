#include "core/table/render/csv.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "core/base/output/csv.hpp"
#include "core/score/metrics.hpp"

namespace ktb::core {
namespace {

const std::vector<std::string> kColumns{"table",           "kind",       "row",
                                        "column",          "metric",     "shown_as",
                                        "state",           "n",          "wanted",
                                        "value",           "mean",       "spread_low",
                                        "spread_high",     "difference", "difference_low",
                                        "difference_high", "p",          "p_holm",
                                        "effect",          "effect_low", "effect_high",
                                        "baseline",        "mark",       "significant",
                                        "verdict",         "notes"};

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) text += (text.empty() ? "" : between) + part;
  }
  return text;
}

std::string kind_of(const Row& row, const Column& column) {
  if (column.kind == ColumnKind::kMean) return "mean";
  if (column.kind == ColumnKind::kRank) return "rank";
  if (column.kind == ColumnKind::kSeeds) return "seeds";
  if (column.kind == ColumnKind::kCost) return "cost";
  if (column.kind == ColumnKind::kDifference) return "difference";
  if (row.kind == RowKind::kPublished) return "published";
  if (row.kind == RowKind::kExtra) return "extra";
  return row.kind == RowKind::kDerived ? "derived" : "cell";
}

std::string mark_of(const Entry& entry) {
  if (entry.mark == Mark::kNone) return "";
  return entry.mark == Mark::kBest ? "best" : "tied";
}

/// Numbers without marks of thousands; `-` and `388,770-393,970` are none.
std::string value_of(const Entry& entry) {
  const std::string& text = entry.value;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool plain = error == std::errc() && end == text.data() + text.size();
  if (plain) return text;
  if (entry.number || !entry.values.empty()) return csv_number(entry.mean);
  return text == "-" ? "" : text;
}

std::vector<std::string> fields_of(const Table& table, const Row& row, std::size_t index) {
  const Column& column = table.columns[index];
  const Entry& entry = row.entries[index];
  const bool measured = !entry.values.empty();
  const bool numbered = measured || entry.number;
  const auto number = [](bool known, double value) { return known ? csv_number(value) : ""; };
  const bool compared = entry.difference.has_value();
  const Difference difference = entry.difference.value_or(Difference());
  const Effect effect = difference.effect.value_or(Effect());
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
          value_of(entry),
          number(numbered, entry.mean),
          number(numbered, entry.low),
          number(numbered, entry.high),
          number(compared, difference.mean),
          number(compared, difference.low),
          number(compared, difference.high),
          number(compared, difference.p),
          number(compared, difference.p_adjusted),
          number(difference.effect.has_value(), effect.size),
          number(difference.effect.has_value(), effect.low),
          number(difference.effect.has_value(), effect.high),
          row.baseline || column.baseline ? "1" : "0",
          mark_of(entry),
          entry.significant ? "1" : "0",
          entry.verdict,
          joined(notes, "; ")};
}

/// A test of all rows at once: its statistic where an entry has its value.
std::string test_line(const Table& table, const std::string& name, double statistic, double p) {
  std::map<std::string, std::string> fields{{"table", table.name},
                                            {"kind", "test"},
                                            {"row", name},
                                            {"column", "rank"},
                                            {"mean", csv_number(statistic)}};
  if (!std::isnan(p)) fields["p"] = csv_number(p);
  std::vector<std::string> line;
  for (const std::string& column : kColumns) line.push_back(fields[column]);
  return csv_line(line);
}

std::string test_lines(const Table& table) {
  const Ranking& ranking = *table.ranking;
  return test_line(table, "Friedman chi2", ranking.chi2, ranking.p) +
         test_line(table, "Iman-Davenport F", ranking.f, ranking.f_p) +
         test_line(table, "Nemenyi critical difference", ranking.critical_difference,
                   std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

std::string render_csv(const std::vector<Table>& tables) {
  std::string text = csv_line(kColumns);
  for (const Table& table : tables) {
    for (const Row& row : table.rows) {
      for (std::size_t i = 0; i < row.entries.size(); ++i) {
        if (row.entries[i].state == State::kBlank) continue;
        text += csv_line(fields_of(table, row, i));
      }
    }
    if (table.ranking) text += test_lines(table);
  }
  return text;
}

}  // namespace ktb::core
