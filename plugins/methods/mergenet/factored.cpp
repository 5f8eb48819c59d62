#include "factored.hpp"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linear.h>

#include <algorithm>
#include <cmath>

namespace ktb::mergenet {

Tensor weight_of(const Tensor& b, const Tensor& a, double factor, at::IntArrayRef sizes) {
  return (factor * b.mm(a)).view(sizes);
}

FactorOptions::FactorOptions(Options& o)
    : rank(o.get("rank", 4, "low_rank: rows of A for each row of the kernel, if the matrix has it",
                 {.least = 1})),
      alpha(o.get("rank_alpha", 1.0, "low_rank: the weight is rank_alpha / rank * B A")),
      init(o.get("init", "auto",
                 "low_rank: first factors drawn anew (kaiming) or from the weight (svd); auto: svd "
                 "where it comes from an earlier training",
                 {"auto", "kaiming", "svd"})),
      residual(o.get("residual", false,
                     "low_rank: what the factors leave of the weight stays, frozen, beside them")) {
}

FactoredWeightImpl::FactoredWeightImpl(const Tensor& weight, const FactorOptions& options,
                                       bool fresh)
    : weight_(weight), learns_(weight.requires_grad()) {
  const bool square = weight.dim() == 4 && weight.size(2) == weight.size(3);
  const auto kernel = square ? weight.size(2) : 1;
  const auto rows = weight.size(0) * kernel, columns = weight.numel() / rows;
  const auto rank = std::min(options.rank, std::min(rows, columns) / kernel);
  factor_ = options.alpha / static_cast<double>(rank);
  A = register_parameter("A", at::empty({rank * kernel, columns}), learns_);
  B = register_parameter("B", at::empty({rows, rank * kernel}), learns_);
  options.init == "svd" || (options.init == "auto" && !fresh) ? decompose() : draw();
  if (!learns_) return;
  const at::NoGradGuard no_grad;
  if (options.residual)
    rest_ = register_buffer("rest", weight.detach() - product().to(weight.device()));
  else
    write();
  learn_for_weight();
}

/// As a fresh linear layer, whose kaiming_uniform_ of a = sqrt(5) comes down to this. Unlike
/// LoRA's, B does not start at zero.
void FactoredWeightImpl::draw() {
  const at::NoGradGuard no_grad;
  for (auto& factor : {A, B}) {
    const double edge = 1 / std::sqrt(static_cast<double>(factor.size(1)));
    factor.uniform_(-edge, edge);
  }
}

/// The nearest product of that rank, its singular values shared out evenly. The largest entry of
/// each row of A is positive, since the signs of singular vectors are nobody's decision.
void FactoredWeightImpl::decompose() {
  const at::NoGradGuard no_grad;
  const auto matrix = weight_.to(at::kCPU, at::kDouble).reshape({B.size(0), A.size(1)}) / factor_;
  auto [u, s, v] = at::linalg_svd(matrix, /*full_matrices=*/false);
  const auto root = s.sqrt(), signs = v.gather(1, v.abs().argmax(1, true)).sgn().squeeze(1);
  const auto rank = A.size(0);
  A.copy_(((root * signs).unsqueeze(1) * v).slice(0, 0, rank));
  B.copy_((u * (root * signs)).slice(1, 0, rank));
}

/// The chain rule through the product, before optimisers and clipping see any gradient.
void FactoredWeightImpl::learn_for_weight() {
  weight_.register_hook([a = A, b = B, factor = factor_](const Tensor& gradient) {
    const auto of_product = factor * gradient.reshape({b.size(0), a.size(1)});
    a.mutable_grad() = b.detach().t().mm(of_product);
    b.mutable_grad() = of_product.mm(a.detach().t());
  });
}

void FactoredWeightImpl::write() {
  if (!learns_) return;
  const at::NoGradGuard no_grad;
  weight_.copy_(rest_.defined() ? rest_ + product() : product());
}

Group written_weights(const std::vector<FactoredWeight>& factored) {
  Group group;
  group.name = "written", group.lr_scale = 0, group.manual = true;
  for (const auto& one : factored) group.parameters.push_back(one->weight());
  return group;
}

void check_factors(Case& given) {
  const auto &a = given.in.at("param.A"), &b = given.in.at("param.B"), &x = given.in.at("x");
  const auto whole = [&](const char* name, int fallback) {
    return given.options.get(name, fallback, "of the case");
  };
  const auto alpha = given.options.get("alpha", 1.0, "of the case");
  const auto kernel = whole("kernel", 1);
  auto sizes = std::vector<std::int64_t>{b.size(0) / kernel, a.size(1) / kernel, kernel, kernel};
  sizes.resize(x.dim());  // a linear layer's weight has two axes
  const auto weight = weight_of(b, a, alpha / static_cast<double>(whole("rank", 4)), sizes);
  const auto y = x.dim() == 2 ? at::linear(x, weight, given.in.at("param.bias"))
                              : at::conv2d(x, weight, {}, whole("stride", 1), whole("padding", 0));
  given.out = {{"weight", weight}, {"y", y}, {"loss", (y * given.in.at("cotangent")).sum()}};
}

}  // namespace ktb::mergenet
