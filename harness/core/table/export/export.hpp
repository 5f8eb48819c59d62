#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"

namespace ktb::core {

class Store;

/// Column -> a text, a number, true or false; null where there is a column and no value.
using ExportLine = std::map<std::string, Json>;
/// Hears one line after another: a plan may have more of them than memory holds.
using TakeLine = std::function<void(const ExportLine&)>;
/// What is known of a trial in full. Asked once a trial, so that nobody holds all of them.
using ReadTrial = std::function<TrialInFull(const Trial&)>;

/// All trials of a plan and its holes, one a line, flat: `suite, profile, id, key, seed, status,
/// reason, picked`, the axes by their names, `option.temperature` of the method, then
/// `recipe.optimizer.lr`, `metric.top1`, `validation.top1`, `source.0.top1`, `floor.chance`,
/// `cost.train_seconds`, `parameters.target`, `examples.train`, `selected.rule`, `provenance.host`.
/// A trial without record is `pending` or `running`; sources are trials too. `picked`: true
/// of a cell's trials, false of a tuned cell's values that no table picks, null of sources and as
/// long as a value may still be picked.
void export_trials(const Plan& plan, const Outcomes& outcomes, const ReadTrial& read,
                   const TakeLine& take);

/// Lines of their curves in the order of steps: the columns of a trial up to its axes and options,
/// then `step, epoch, seconds, lr, loss, term.kd, validation.top1, figure.usage_entropy`.
void export_curves(const Plan& plan, const Outcomes& outcomes, const ReadTrial& read,
                   const Store& store, const TakeLine& take);

/// One JSON object, without an end of line; what is no finite number is null.
std::string as_json(const ExportLine& line);

/// Lines as CSV (RFC 4180) with every column that any of them has, so the text is there only once
/// all are; till then each is held as short as it goes.
class CsvTable {
 public:
  void add(const ExportLine& line);
  /// The text in pieces: the names of the columns, then a row a line.
  void write(const std::function<void(std::string_view)>& out) const;

 private:
  struct Field {
    std::uint32_t column, end;  ///< its number among `columns_`; where its text ends in the row's
  };
  struct Row {
    std::vector<Field> fields;
    std::string text;
  };

  std::map<std::string, std::uint32_t> columns_;
  std::vector<Row> rows_;
};

}  // namespace ktb::core
