#include "run/data/routes.hpp"

#include <ATen/ops/xlogy.h>
#include <ATen/ops/zeros.h>

namespace ktb::run {

using at::Tensor;

namespace {

/// [domains, members]: how often they come together, as shares.
Tensor joint_shares(const Tensor& first, const Tensor& domains, std::int64_t members,
                    std::int64_t count) {
  const auto cells = (domains * members + first).bincount({}, count * members);
  return cells.to(at::kDouble).div(static_cast<double>(first.numel())).view({count, members});
}

}  // namespace

std::map<std::string, double> route_figures(const Tensor& weights, const Tensor& domains,
                                            const std::vector<std::vector<std::int64_t>>& own) {
  const auto members = weights.size(1), count = static_cast<std::int64_t>(own.size());
  const auto joint = joint_shares(weights.cpu().argmax(1), domains.cpu(), members, count);
  const auto apart = joint.sum(1, true) * joint.sum(0, true);
  const auto information = at::xlogy(joint, joint).sum() - at::xlogy(joint, apart).sum();
  std::map<std::string, double> out{{"route_information", information.item<double>()}};

  double judged = 0, agreeing = 0;
  for (std::int64_t d = 0; d < count; ++d) {
    const auto& mine = own[static_cast<std::size_t>(d)];
    if (mine.empty()) continue;
    judged += joint[d].sum().item<double>();
    for (const auto member : mine) agreeing += joint[d][member].item<double>();
  }
  if (judged > 0) out["own_domain_share"] = agreeing / judged;
  return out;
}

}  // namespace ktb::run
