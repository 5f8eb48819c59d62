#include "channels.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace ktb::delta {

std::vector<Lane> survey_sample(const Survey& over, std::int64_t examples, std::int64_t most) {
  std::vector<Lane> sample;
  const auto stride = std::max<std::int64_t>(1, (examples + most - 1) / most);
  std::int64_t seen = 0;
  over([&](Step& step) {
    const auto& [task, batch] = step.lane();
    const auto device = batch.x.begin()->second.device();
    const auto order = at::arange(seen, seen + batch.size(), at::device(device).dtype(at::kLong));
    const auto rows = order.remainder(stride).eq(0).nonzero().squeeze(1);
    if (rows.numel() > 0) sample.push_back({task, batch.rows(rows)});
    seen += batch.size();
  });
  return sample;
}

Tensor rise_without_channel(const Model& model, const std::string& norm,
                            const std::function<double()>& loss) {
  const at::NoGradGuard no_grad;
  const auto weight = model.site(norm + ".weight"), bias = model.site(norm + ".bias");
  const double whole = loss();
  auto rise = at::zeros(weight.sizes(), at::kDouble);
  for (std::int64_t c = 0; c < rise.size(0); ++c) {
    const auto kept_weight = weight[c].clone(), kept_bias = bias[c].clone();
    weight[c].zero_();
    bias[c].zero_();
    rise[c] = loss() - whole;
    weight[c].copy_(kept_weight);
    bias[c].copy_(kept_bias);
  }
  return rise;
}

}  // namespace ktb::delta
