#pragma once
#include <vector>

#include "run/train/session.hpp"

namespace ktb::run {

/// The weights and buffers of the sources that the suite freezes, to see afterwards whether
/// somebody wrote to them.
class FrozenSources {
 public:
  explicit FrozenSources(const Session& session);
  /// Throws Error that names the first tensor which is no longer what it was.
  void check() const;

 private:
  struct Source {
    std::string name;
    State state;    ///< by reference
    Tensor prints;  ///< [tensors, 2] int64
  };
  std::vector<Source> sources_;
};

}  // namespace ktb::run
