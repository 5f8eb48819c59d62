#include "gating.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/special_ndtr.h>
#include <ATen/ops/where.h>
#include <ATen/ops/xlogy.h>
#include <ATen/ops/zeros_like.h>

namespace ktb::hub_pathway {

Gating top_k_gating(const Tensor& clean, const Tensor& spread, const Tensor& noise,
                    const GatingRule& rule) {
  Gating out;
  out.rule = rule;
  out.clean = out.logits = clean;
  if (noise.defined()) {
    out.deviation = at::softplus(spread) + rule.least_deviation;
    out.logits = clean + noise * out.deviation;
  }
  out.weights = out.logits.softmax(1);
  auto [kept, chosen] = out.weights.topk(rule.k, 1);
  if (rule.renormalise) kept = kept / (kept.sum(1, true) + rule.epsilon);
  out.gates = at::zeros_like(out.weights).scatter(1, chosen, kept);
  out.chosen = chosen;
  return out;
}

Tensor Gating::load() const {
  if (!deviation.defined() || rule.k == logits.size(1)) return gates.gt(0).sum(0).to(at::kFloat);
  // One of the k best stays there while it beats the best of the rest; another must beat the kth.
  const auto best = std::get<0>((rule.coded_load ? weights : logits).topk(rule.k + 1, 1));
  const auto kth = best.narrow(1, rule.k - 1, 1), next = best.narrow(1, rule.k, 1);
  const auto rival = at::where(logits.gt(next), next, kth);
  return at::special_ndtr((clean - rival) / deviation).sum(0);
}

Tensor squared_variation(const Tensor& values, double epsilon) {
  if (values.numel() == 1) return values.new_zeros({});
  return values.var() / (values.mean().square() + epsilon);
}

Tensor entropy(const Tensor& weights) { return -at::xlogy(weights, weights).sum(-1); }

std::vector<Tensor> rows_by_member(const Tensor& chosen, std::int64_t members) {
  // Where all of them run on every input there is nothing to look up.
  if (chosen.size(1) == members)
    return std::vector<Tensor>(static_cast<std::size_t>(members),
                               at::arange(chosen.size(0), chosen.options()));
  const auto flat = chosen.flatten();
  const auto rows = at::argsort(flat, /*stable=*/true, 0, false).div(chosen.size(1), "floor");
  const auto members_in_a_row = at::arange(members, flat.options());
  const auto counts = flat.unsqueeze(1).eq(members_in_a_row).sum(0).cpu();
  std::vector<Tensor> out;
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < members; ++i) {
    const auto count = counts.const_data_ptr<std::int64_t>()[i];
    out.push_back(rows.narrow(0, first, count));
    first += count;
  }
  return out;
}

}  // namespace ktb::hub_pathway
