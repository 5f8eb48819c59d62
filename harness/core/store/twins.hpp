#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/store.hpp"

namespace ktb::core {

/// What a suite said of a trial, as a hash: the trial's key without the device, and without the
/// code and the data behind the names. Trials of equal essence are twins, made by other builds,
/// plugins, libraries or data, or one on a CPU and one on a GPU.
class Essences {
 public:
  explicit Essences(const Store& store) : store_(store) {}

  /// Of a stored trial; empty: its folder does not tell.
  const std::string& of(const std::string& id);
  /// Of any trial whose sources are stored.
  std::string of(const StoredTrial& trial);

 private:
  const Store& store_;
  std::map<std::string, std::string> known_;  ///< by id
};

/// When a trial ended, as its record tells; empty: it does not.
std::string finished(const Record& record);

/// The stored trial that a planned one is compared with: its own record, or the newest `ok` one of
/// its twins. None: there is neither.
std::optional<std::string> first_made(const Store& store, const Trial& trial);

/// A trial as two folders of results have it; the ids differ where the two are twins.
struct TrialPair {
  std::string first, second;
};

struct PairedTrials {
  std::vector<TrialPair> pairs;
  std::size_t only_first = 0, only_second = 0;  ///< trials with a record that the other lacks
};

/// Trials with a record in both folders: of equal key, else the newest twins.
PairedTrials pair_up(const Store& first, const Store& second);

}  // namespace ktb::core
