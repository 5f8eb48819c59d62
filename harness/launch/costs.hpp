#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/fields.hpp"
#include "core/plan/trial_spec.hpp"
#include "core/store/record.hpp"

namespace ktb::launch {

struct Estimate {
  double seconds = 0;
  /// Only trials of two steps (`--smoke`) are known, and first steps are slow: it takes less.
  bool at_most = false;
  double mib = 0;  ///< of memory, of the device where it is one; 0: not known
};

/// What one trial has cost.
struct CostLine {
  std::string kind;            ///< trials of one kind take the same time a step
  double train = 0, rest = 0;  ///< seconds in steps, seconds around them
  double steps = 0, examples = 0;
  bool smoke = false;
  double mib = 0;  ///< of memory at most
};

template <core::Of<CostLine> Self, class Ar>
void fields(Self& line, Ar& ar) {
  ar("kind", line.kind);
  ar("train", line.train);
  ar("rest", line.rest);
  ar("steps", line.steps);
  ar("examples", line.examples);
  ar("smoke", line.smoke);
  ar.optional("mib", line.mib);
}

/// What trials have cost, one line a finished trial in `results/cache/costs.jsonl`, so that a plan
/// of thousands is judged without opening thousands of records.
/// Losing the file loses estimates only.
class CostBook {
 public:
  explicit CostBook(std::string path);

  /// Median of trials with the same data, models, methods, batch and device, scaled to this one's
  /// steps; none where there was no such trial.
  std::optional<Estimate> estimate(const core::TrialSpec& spec) const;
  void add(const core::TrialSpec& spec, const core::Record& record);

 private:
  std::string path_;
  std::map<std::string, std::vector<CostLine>> lines_;  ///< by kind
};

}  // namespace ktb::launch
