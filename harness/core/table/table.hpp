#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ktb::core {

using Axes = std::map<std::string, std::string>;

/// How complete an entry is. No gap is silent: every state but `kBlank` shows.
enum class State {
  kBlank,     ///< nothing belongs here, as in an extra row
  kFixed,     ///< a figure without seeds: chance, cost, published
  kComplete,  ///< all seeds
  kPartial,   ///< some seeds, `(2/3)`; carries no mark
  kRunning,   ///< none yet, at least one at work
  kPending,   ///< none yet
  kFailed,    ///< none, and none will come without another run
  kHole       ///< cannot be run; a footnote says why
};
std::string to_string(State state);

/// Cohen's d_z with its 95 % interval.
struct Effect {
  double size = 0, low = 0, high = 0;
};

/// To the baseline, over the seeds that both have.
struct Difference {
  double mean = 0, low = 0, high = 0;  ///< 95 % interval; NaN where there is none
  std::size_t pairs = 0;
  double p = 1;           ///< of the table's test; NaN where the pair of entries is not tested
  double p_adjusted = 1;  ///< Holm over the table
  std::optional<Effect> effect;
};

/// Where an interval of differences lies, `sign` being the metric's: 1: all of it is better,
/// -1: all of it is worse, 0: it includes 0, or there is none.
int side_of(double low, double high, double sign);

/// Where an entry stands among those it competes with.
enum class Mark {
  kNone,
  kBest,  ///< the best alone: told from every other
  kTied   ///< the best, or cannot be told from it
};

/// One entry. Numbers are in the unit shown (percent where the metric is shown as percent).
struct Entry {
  State state = State::kBlank;
  std::map<std::uint64_t, double> values;       ///< by seed
  std::map<std::uint64_t, std::string> trials;  ///< one a seed, run or not; none behind a mean
  std::size_t wanted = 0;                       ///< seeds asked for
  bool number = false;  ///< a figure of which mean, low and high tell too what the text says
  double mean = 0, low = 0, high = 0;  ///< low and high: the spread
  std::string value, spread;           ///< as shown; spread empty where there is none
  std::optional<Difference> difference;
  Mark mark = Mark::kNone;
  bool significant = false;  ///< differs from the baseline after correction
  std::string verdict;       ///< in a published row: where ours stands
  std::vector<std::string> notes;
  std::int64_t steps = 0;  ///< of training, where the last step is judged
  std::string task;  ///< data set and labels behind it: entries of two tasks are never compared
};

enum class ColumnKind { kCells, kMean, kRank, kSeeds, kCost, kDifference };

struct Column {
  ColumnKind kind = ColumnKind::kCells;
  Axes axes;
  std::string metric;              ///< name in records
  std::vector<std::string> heads;  ///< one a column axis, then the metric where there are several
  bool baseline = false;
};

enum class RowKind { kCells, kDerived, kPublished, kExtra };

struct Row {
  RowKind kind = RowKind::kCells;
  Axes axes;
  std::vector<std::string> labels;  ///< one a row axis
  bool baseline = false;
  std::vector<std::string> notes;
  std::vector<Entry> entries;  ///< one a column

  /// Whether its entries compete: it is no figure from elsewhere.
  bool is_method() const { return kind == RowKind::kCells || kind == RowKind::kDerived; }
};

/// Rows against each other over all columns.
struct Ranking {
  double chi2 = 0, p = 0;          ///< Friedman's test
  double f = 0, f_p = 0;           ///< Iman and Davenport's form of it
  double critical_difference = 0;  ///< of mean ranks, by Nemenyi, at 5 %
};

/// What every renderer draws from: nothing below this needs the plan or the records.
struct Table {
  std::string suite, profile, name, title;
  std::string base;                  ///< the table of whose entries these are the differences
  std::vector<std::string> beside;   ///< names of the suite's tables
  std::vector<std::string> caption;  ///< metric, spread, seeds, selection, examples, device
  std::string prose;                 ///< the same in sentences, with the budget, without the device
  std::string provenance;            ///< the program and the machines behind the records
  std::vector<std::string> row_axes;
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::vector<std::string> legend;     ///< what the symbols mean
  std::vector<std::string> footnotes;  ///< lettered a, b, c in the order of reading
  std::optional<Ranking> ranking;
  std::string interval_of = "t";  ///< what the differences' intervals rest on
  bool differences = false;       ///< shown in the place of values
  bool interval = false;          ///< spreads are intervals: `55.1 [53.0, 57.1]`, not `55.1±1.0`
  std::string fit;                ///< column, page; empty: as wide as it is

  /// `a,c`: letters of notes that are among the footnotes.
  std::string letters(const std::vector<std::string>& notes) const;
};

}  // namespace ktb::core
