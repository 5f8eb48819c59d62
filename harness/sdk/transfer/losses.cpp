#include "ktb/transfer/losses.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/kl_div.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

namespace ktb {

Tensor kl_divergence(const Tensor& target, const Tensor& source, double temperature) {
  const auto sum = at::kl_div((target / temperature).log_softmax(1),
                              (source / temperature).softmax(1), at::Reduction::Sum);
  return sum * (temperature * temperature / static_cast<double>(target.size(0)));
}

Tensor soft_cross_entropy(const Tensor& target, const Tensor& source, double temperature) {
  const auto sum =
      ((source / temperature).softmax(1) * (target / temperature).log_softmax(1)).sum();
  return sum * (-temperature * temperature / static_cast<double>(target.size(0)));
}

Tensor other_classes(const Tensor& logits, const Tensor& labels) {
  const auto own = labels.unsqueeze(1);
  const auto places = at::arange(logits.size(1) - 1, labels.options());
  return logits.gather(1, places + (places >= own));  // skips the label
}

Tensor smoothed(const Tensor& labels, const Tensor& logits, double spread) {
  const auto share = spread / static_cast<double>(logits.size(1) - 1);
  const auto all = at::full_like(logits.detach(), share);
  return all.scatter_(1, labels.unsqueeze(1), 1 - spread);
}

Tensor half_square(const std::vector<Tensor>& weights, const std::vector<Tensor>& start) {
  auto sum = at::zeros({}, weights.at(0).options().requires_grad(false));
  for (std::size_t i = 0; i < weights.size(); ++i)
    sum = sum + (start.empty() ? weights[i] : weights[i] - start.at(i)).square().sum();
  return sum / 2;
}

}  // namespace ktb
