#pragma once
#include <functional>
#include <string>
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

/// Some `most` of `examples` training examples, evenly spread over the split, with their task.
KTB_API std::vector<Lane> survey_sample(const Survey& over, std::int64_t examples,
                                        std::int64_t most);

/// [C] double: how far `loss` rises when each channel of a normalisation in turn is switched off by
/// a weight and a bias of 0. Afterwards every bit is as before.
KTB_API Tensor rise_without_channel(const Model& model, const std::string& norm,
                                    const std::function<double()>& loss);

}  // namespace ktb
