#pragma once
#include <string>
#include <vector>

#include "run/train/optimiser.hpp"

namespace ktb::run {

/// The optimisers of all groups that learn together.
class OptimiserSet {
 public:
  /// Those parameters of the group that learn and that no group before has; none: no optimiser.
  /// What has one owner is clipped together.
  void add(Group group, const Recipe& suite, const std::string& owner);

  void zero();
  /// Clips by owner and steps all groups but the manual ones.
  void step_automatic();
  /// Clips and steps the manual groups of one name. Throws Error where there is none.
  void step_manual(const std::string& group);

  bool empty() const { return all_.empty(); }
  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  const Optimiser& back() const { return all_.back(); }

 private:
  bool has(const Tensor& parameter) const;

  std::vector<Optimiser> all_;
  std::vector<std::string> owners_;  ///< of each optimiser
};

}  // namespace ktb::run
