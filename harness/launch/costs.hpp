#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/store/record.hpp"

namespace ktb::launch {

struct Estimate {
  double seconds = 0;
  /// Only trials of two steps (`--smoke`) are known, and first steps are slow: it takes less.
  bool at_most = false;
};

/// What trials have cost, one line a finished trial in `results/cache/costs.jsonl`, so that a plan
/// of thousands is judged without opening thousands of records.
/// Losing the file loses estimates only.
class CostBook {
 public:
  explicit CostBook(std::string path);

  /// Median of trials with the same data, models, methods, batch and device, scaled to this one's
  /// steps; none where there was no such trial.
  std::optional<Estimate> estimate(const core::Json& spec) const;
  void add(const core::Json& spec, const core::Record& record);

 private:
  struct Line {
    double train = 0, rest = 0;  ///< seconds in steps, seconds around them
    double steps = 0, examples = 0;
    bool smoke = false;
  };
  void keep(const core::Json& line);

  std::string path_;
  std::map<std::string, std::vector<Line>> lines_;
};

}  // namespace ktb::launch
