#include "logme.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace ktb::b_tuning {
namespace {

constexpr double kTiny = 1e-300;          // in place of a denominator of 0
constexpr double kLeastRatio = 1e-100;    // of alpha to beta: the labels are fitted exactly
constexpr double kLeastSingular = 1e-10;  // singular values below count as none

/// One target column seen along the singular vectors of the features.
struct Column {
  const double* sigma;  ///< [k] squares of singular values
  const double* x;      ///< [k] U^T y
  std::int64_t k, n, d;
  double rest;  ///< part of ||y||^2 outside the span of U
};

struct Fit {
  double alpha = 1, beta = 1, evidence = 0;
  double ratio = 1;  ///< alpha / beta at the start of the last round
};

Fit maximise(const Column& column, const LogMeRule& rule) {
  Fit fit;
  const auto n = static_cast<double>(column.n);
  double weights = 0, residue = 0;  // ||m||^2, ||y - F m||^2
  for (std::int64_t round = 0; round < rule.rounds; ++round) {
    const double t = fit.ratio = fit.alpha / fit.beta;
    double gamma = 0, free = n - static_cast<double>(column.k);  // n - gamma without cancellation
    weights = 0, residue = column.rest;
    for (std::int64_t i = 0; i < column.k; ++i) {
      const double sum = column.sigma[i] + t, part = column.x[i] / sum;
      gamma += column.sigma[i] / sum;
      free += t / sum;
      weights += column.sigma[i] * part * part;
      residue += t * t * part * part;
    }
    fit.alpha = gamma / std::max(weights + rule.epsilon, kTiny);
    fit.beta = free / std::max(residue + rule.epsilon, kTiny);
    const double next = fit.alpha / fit.beta;
    if (std::abs(next - t) < rule.stop * t || next < kLeastRatio) break;
  }
  const double extra = rule.fixed_point ? 0 : rule.epsilon;
  const auto counted = rule.fixed_point ? column.d : column.k;  // the others cancel
  double determinant = 0;
  for (std::int64_t i = 0; i < column.k; ++i)
    determinant += std::log(fit.alpha + fit.beta * column.sigma[i]);
  const double precision = counted > 0 ? static_cast<double>(counted) * std::log(fit.alpha) : 0.0;
  fit.evidence = (precision + n * std::log(fit.beta) - determinant - fit.beta * (residue + extra) -
                  fit.alpha * (weights + extra) - n * std::log(2 * std::numbers::pi)) /
                 (2 * n);
  return fit;
}

}  // namespace

LogMe log_maximum_evidence(const Tensor& features, const Tensor& targets, const LogMeRule& rule) {
  const auto f = features.detach().to(at::kCPU, at::kDouble);
  const auto y = targets.detach().to(at::kCPU, at::kDouble);
  const auto [u, s, vh] = at::linalg_svd(f, /*full_matrices=*/false);
  const auto k = s.gt(kLeastSingular).sum().item<std::int64_t>();
  const auto singular = s.slice(0, 0, k), sigma = singular.square();
  const auto x = u.slice(1, 0, k).t().matmul(y).t().contiguous();  // [C, k]
  const auto rest = (y.square().sum(0) - x.square().sum(1)).clamp_min(0).contiguous();
  const auto present = y.ne(0).any(0);

  const auto classes = y.size(1);
  LogMe out{0, at::zeros({classes}, at::kDouble), at::zeros({classes}, at::kDouble), {}};
  auto shrunk = at::zeros_like(x);  // weights along the singular vectors
  std::int64_t counted = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    if (!present[c].item<bool>()) continue;
    const auto row = x[c];
    const auto fit = maximise({sigma.const_data_ptr<double>(), row.const_data_ptr<double>(), k,
                               f.size(0), f.size(1), rest[c].item<double>()},
                              rule);
    out.alpha[c] = fit.alpha;
    out.beta[c] = fit.beta;
    out.score += fit.evidence;
    shrunk[c] = singular * row / (sigma + fit.ratio);
    ++counted;
  }
  if (counted > 0) out.score /= static_cast<double>(counted);
  out.weights = shrunk.matmul(vh.slice(0, 0, k));
  return out;
}

}  // namespace ktb::b_tuning
