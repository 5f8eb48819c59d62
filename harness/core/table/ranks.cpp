#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

constexpr int kDigits = 2;

/// The columns over which rows are ranked: those of cells, and of the first metric only.
std::vector<std::size_t> blocks_of(const TableInput& input, const Table& table) {
  std::vector<std::size_t> blocks;
  const std::vector<std::string> shown = input.spec.shown();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const bool further = shown.size() > 1 && column.metric != shown.front();
    if (column.kind == ColumnKind::kCells && !further) blocks.push_back(i);
  }
  return blocks;
}

/// Rows that have every block.
std::vector<Row*> ranked_rows(Table& table, const std::vector<std::size_t>& blocks) {
  std::vector<Row*> rows;
  for (Row& row : table.rows) {
    const bool whole = std::all_of(blocks.begin(), blocks.end(), [&](std::size_t i) {
      return row.entries[i].state == State::kComplete && std::isfinite(row.entries[i].mean);
    });
    if (whole) rows.push_back(&row);
  }
  return rows;
}

/// A block a line, a row of the table a column, higher is better.
std::vector<std::vector<double>> scores_of(const Table& table, const std::vector<Row*>& rows,
                                           const std::vector<std::size_t>& blocks) {
  std::vector<std::vector<double>> scores;
  for (const std::size_t block : blocks) {
    const double sign = metric_info(table.columns[block].metric).sign();
    std::vector<double>& line = scores.emplace_back();
    for (const Row* row : rows) line.push_back(sign * row->entries[block].mean);
  }
  return scores;
}

bool tells_apart(const Ranking& ranking) { return ranking.f_p <= kAlpha; }

/// Where the test tells rows apart: the best rank and those within the critical difference of it.
void mark_ranks(const Ranking& ranking, const std::vector<Row*>& rows) {
  if (!tells_apart(ranking)) return;
  const auto rank = [](const Row* row) { return row->entries.back().mean; };
  const Row* best = *std::min_element(
      rows.begin(), rows.end(), [&](const Row* a, const Row* b) { return rank(a) < rank(b); });
  std::vector<Row*> near;
  for (Row* row : rows)
    if (rank(row) - rank(best) < ranking.critical_difference) near.push_back(row);
  for (Row* row : near) row->entries.back().mark = near.size() == 1 ? Mark::kBest : Mark::kTied;
}

Entry unranked() {
  Entry entry;
  entry.state = State::kHole;
  entry.notes = {"a rank needs every column and seed"};
  return entry;
}

/// `4 data sets`, or what else the columns are.
std::string blocks_text(const Table& table, const std::vector<std::size_t>& blocks) {
  std::set<std::string> datasets;
  for (const std::size_t block : blocks) {
    const Axes& axes = table.columns[block].axes;
    const auto dataset = axes.find("dataset");
    datasets.insert(dataset == axes.end() ? "" : dataset->second);
  }
  if (datasets.size() == blocks.size()) return fmt::format("{} data sets", blocks.size());
  return fmt::format("{} columns, which share data sets but are taken for independent",
                     blocks.size());
}

std::string tests_text(const Ranking& ranking, std::size_t rows, std::size_t blocks) {
  if (std::isnan(ranking.chi2)) return "no test, all rows tie";
  return fmt::format(
      "Friedman chi2({}) = {:.2f}, p = {:.2g}, Iman-Davenport F({}, {}) = {:.2f}, p = {:.2g}; "
      "Nemenyi's critical difference at {:g} %: {:.2f}; {}",
      rows - 1, ranking.chi2, ranking.p, rows - 1, (rows - 1) * (blocks - 1), ranking.f,
      ranking.f_p, 100 * kAlpha, ranking.critical_difference,
      tells_apart(ranking) ? "ranks nearer to the best than that tie with it"
                           : "the ranks are not told apart");
}

}  // namespace

std::string add_ranks(const TableInput& input, Table& table) {
  if (!input.spec.ranks) return "";
  const std::vector<std::size_t> blocks = blocks_of(input, table);
  const std::vector<Row*> rows = ranked_rows(table, blocks);
  if (rows.size() < 2 || blocks.size() < 2)
    return "no ranks: they need two columns, and two rows that have every column";
  const Friedman test = friedman(scores_of(table, rows, blocks));
  table.ranking = {test.chi2, test.p, test.f, test.f_p,
                   critical_difference(rows.size(), blocks.size(), kAlpha)};
  for (Row& row : table.rows) row.entries.push_back(unranked());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Entry& entry = rows[i]->entries.back();
    const double rank = test.average_rank[i];
    entry = figure(fixed(rank, kDigits), rank, rank, rank);
  }
  if (input.spec.marks != "none") mark_ranks(*table.ranking, rows);
  Column column;
  column.kind = ColumnKind::kRank;
  column.heads.assign(table.columns.front().heads.size(), "");
  column.heads.back() = "rank";
  table.columns.push_back(std::move(column));
  return fmt::format("rank: mean over {}, 1 is the best; {}", blocks_text(table, blocks),
                     tests_text(*table.ranking, rows.size(), blocks.size()));
}

}  // namespace ktb::core
