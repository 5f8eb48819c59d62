#pragma once
#include <vector>

#include "ktb/method.hpp"

// What methods measure in Method::survey(), before training.

namespace ktb {

/// Every example of the training split, in order.
struct SeenRows {
  std::vector<Tensor> pooled;  ///< [N, d] of each seat
  Tensor labels;               ///< [N]
};
KTB_API SeenRows survey_rows(const Survey& over, const std::vector<Seat>& seats);

}  // namespace ktb
