#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/reason.hpp"
#include "core/plan/plan.hpp"
#include "core/store/record.hpp"

namespace ktb::launch {

/// Which plugins' trials are no longer started in this run, since they crash one after another.
///
/// A crash does not tell which of a trial's plugins did it: it is what the last crashes in a row
/// have in common, without the plugins that ended well elsewhere in this run. A trial with all of
/// that is left out. Models and data sets serve every method, so they are suspected only as long as
/// none of their trials ended well.
class Quarantine {
 public:
  /// `crashes` in a row of different trials; 0: nothing is left out.
  explicit Quarantine(int crashes) : crashes_(static_cast<std::size_t>(crashes)) {}

  /// A trial of this run has ended.
  void note(const core::Trial& trial, const core::Record& record);
  /// Why the trial shall not start; empty: it may.
  core::Reason against(const core::Trial& trial) const;

 private:
  using Parts = std::set<std::string>;  ///< `method kd`, `model resnet`, `data set cifar10`
  struct Crash {
    Parts parts;
    std::string told;
  };

  static Parts parts_of(const core::Trial& trial);
  bool suspected(const std::string& part) const;
  Parts common(const std::string& part) const;

  std::size_t crashes_;
  std::map<std::string, std::vector<Crash>> rows_;  ///< of each part, since a trial of it last ran
  Parts proven_;                                    ///< a trial with it ended well
};

}  // namespace ktb::launch
