#include "ktb/transfer/regression.hpp"

#include <ATen/ops/full_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/zeros.h>
#include <torch/optim/lbfgs.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace ktb {

Tensor softmax_regression(const Tensor& rows, const Tensor& labels, std::int64_t classes,
                          double penalty, std::int64_t iterations) {
  const torch::NoGradGuard no_grad;
  const auto x = rows.detach();
  const auto n = static_cast<double>(x.size(0));
  const auto own = labels.unsqueeze(1);
  auto weight = at::zeros({classes, x.size(1)}, x.options());
  torch::optim::LBFGS optimiser({weight}, torch::optim::LBFGSOptions(1)
                                              .max_iter(iterations)
                                              .tolerance_grad(1e-9)
                                              .tolerance_change(1e-12)
                                              .line_search_fn("strong_wolfe"));
  optimiser.step([&] {
    const torch::NoGradGuard closed;  // step() turns gradients on
    const auto log_p = at::linear(x, weight).log_softmax(1);
    const auto loss = penalty / 2 * weight.square().sum() - log_p.gather(1, own).sum() / n;
    auto wrong = log_p.exp();
    wrong.scatter_add_(1, own, at::full_like(own, -1, x.options()));
    weight.mutable_grad() = wrong.t().matmul(x) / n + penalty * weight;
    return loss;
  });
  return weight;
}

}  // namespace ktb
