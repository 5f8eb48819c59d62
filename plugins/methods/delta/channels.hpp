#pragma once
#include <functional>
#include <string>
#include <vector>

#include "ktb/method.hpp"

// How much a channel of the source means to it.

namespace ktb::delta {

/// Some `most` of `examples` training examples, evenly spread over the split, with their task.
std::vector<Lane> survey_sample(const Survey& over, std::int64_t examples, std::int64_t most);

/// [C] double: how far `loss` rises when each channel of a normalisation in turn is switched off by
/// a weight and a bias of 0. Afterwards every bit is as before.
Tensor rise_without_channel(const Model& model, const std::string& norm,
                            const std::function<double()>& loss);

}  // namespace ktb::delta
