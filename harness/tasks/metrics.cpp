#include "tasks/metrics.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ktb/error.hpp"
#include "tasks/gathered.hpp"

namespace ktb::tasks {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor number(double value) { return at::scalar_tensor(value, at::kDouble); }

Tensor doubles(const Tensor& x) { return x.detach().to(at::kCPU, at::kDouble).contiguous(); }

/// Elementwise a / b, 0 where b is 0.
Tensor ratio(const Tensor& a, const Tensor& b) {
  return at::where(b.eq(0), at::zeros({}, at::kDouble), a / b.clamp_min(1e-300));
}

/// Of counts of hits, decisions and truths: 2 hits / (decisions + truths).
Tensor f1(const Tensor& hits, const Tensor& decided, const Tensor& truth) {
  return ratio(hits * 2, decided + truth);
}

/// Gap between confidence and accuracy, weighted by share, over 15 bins (lo, hi] of the confidence.
Tensor calibration_error(const Tensor& confidence, const Tensor& right) {
  constexpr int kBins = 15;
  const auto n = static_cast<double>(confidence.numel());
  auto error = at::zeros({}, at::kDouble);
  for (int bin = 0; bin < kBins; ++bin) {
    const auto in = confidence.gt(static_cast<double>(bin) / kBins)
                        .logical_and(confidence.le(static_cast<double>(bin + 1) / kBins))
                        .to(at::kDouble);
    error += ((confidence - right) * in).sum().abs() / n;
  }
  return error;
}

Tensors single_label(const Tensors& in) {
  const auto logits = doubles(in.at("logits"));
  const auto labels = in.at("labels").cpu();
  const auto classes = logits.size(1);
  const auto log_p = at::log_softmax(logits, 1), p = log_p.exp();
  const auto own = labels.unsqueeze(1);
  const auto [confidence, decided] = p.max(1);
  const auto rank = label_ranks(logits, labels);
  const auto right = among_best(rank, 1).to(at::kDouble);
  const auto confusion =
      at::bincount(labels * classes + decided, {}, classes * classes).view({classes, classes});
  const auto hits = confusion.diagonal().to(at::kDouble);
  const auto truth = confusion.sum(1).to(at::kDouble), chosen = confusion.sum(0).to(at::kDouble);
  const auto per_class = f1(hits, chosen, truth);

  Tensors out;
  out["top1"] = right.mean();
  if (classes > 5) out["top5"] = among_best(rank, 5).to(at::kDouble).mean();
  out["micro_f1"] = hits.sum() / truth.sum();
  out["nll"] = -log_p.gather(1, own).mean();
  out["brier"] = (p - at::one_hot(labels, classes)).square().sum(1).mean();
  out["ece15"] = calibration_error(confidence, right);
  out["confusion"] = confusion;
  out["f1_per_class"] = per_class;
  out["macro_f1_all_classes"] = per_class.mean();
  out["macro_f1_seen_classes"] = per_class.masked_select((truth + chosen).gt(0)).mean();
  out["balanced_accuracy"] = (hits / truth).masked_select(truth.gt(0)).mean();
  return out;
}

double average_precision(const std::vector<double>& scores, const std::vector<double>& labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  const double positives = std::accumulate(labels.begin(), labels.end(), 0.0);
  if (positives == 0) return 0;
  double sum = 0, hits = 0, counted = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    hits += labels[order[i]];
    const bool last_of_ties = i + 1 == order.size() || scores[order[i + 1]] != scores[order[i]];
    if (!last_of_ties) continue;
    sum += (hits - counted) / positives * hits / static_cast<double>(i + 1);
    counted = hits;
  }
  return sum;
}

Tensors multi_label(const Tensors& in) {
  const auto scores = doubles(in.at("scores")), truth = doubles(in.at("labels"));
  const auto decided = scores.gt(0).to(at::kDouble), hits = decided * truth;
  const auto right = decided.eq(truth).to(at::kDouble);
  auto precision = at::zeros({scores.size(1)}, at::kDouble);
  for (std::int64_t label = 0; label < scores.size(1); ++label) {
    precision[label] =
        average_precision(numbers(scores.select(1, label)), numbers(truth.select(1, label)));
  }

  Tensors out;
  out["average_precision"] = precision;
  out["map_all_labels"] = precision.mean();
  out["map_labels_with_positives"] = precision.masked_select(truth.sum(0).gt(0)).mean();
  out["map_micro"] = number(average_precision(numbers(scores), numbers(truth)));
  out["micro_f1"] = f1(hits.sum(), decided.sum(), truth.sum());
  out["macro_f1"] = f1(hits.sum(0), decided.sum(0), truth.sum(0)).mean();
  out["samples_f1"] = f1(hits.sum(1), decided.sum(1), truth.sum(1)).mean();
  out["hamming_loss"] = 1 - right.mean();
  out["subset_accuracy"] = right.amin(1).mean();
  return out;
}

/// NaN where one side is constant.
double pearson(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  const auto constant = [](const auto& x) {
    return *std::ranges::min_element(x) == *std::ranges::max_element(x);
  };
  if (constant(a) || constant(b)) return kNan;
  return ab / std::sqrt(aa * bb);
}

/// Ranks from 1; equal values share the mean of theirs.
std::vector<double> midranks(const std::vector<double>& x) {
  auto sorted = x;
  std::ranges::sort(sorted);
  std::vector<double> ranks;
  for (const double value : x) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
    ranks.push_back(static_cast<double>((first - sorted.begin()) + (last - sorted.begin()) + 1) /
                    2);
  }
  return ranks;
}

double kendall_tau_b(const std::vector<double>& a, const std::vector<double>& b) {
  double agreement = 0, pairs_a = 0, pairs_b = 0;  // pairs that are not tied
  const auto sign = [](double x) { return static_cast<double>((x > 0) - (x < 0)); };
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double in_a = sign(a[i] - a[j]), in_b = sign(b[i] - b[j]);
      agreement += in_a * in_b;
      pairs_a += std::abs(in_a);
      pairs_b += std::abs(in_b);
    }
  }
  return agreement / std::sqrt(pairs_a * pairs_b);
}

Tensors regression(const Tensors& in) {
  auto out = regression_metrics(in.at("prediction"), in.at("target"));
  out["kendall_tau_b"] =
      number(kendall_tau_b(numbers(in.at("prediction")), numbers(in.at("target"))));
  return out;
}

}  // namespace

Tensor label_ranks(const Tensor& logits, const Tensor& labels) {
  return logits.ge(logits.gather(1, labels.unsqueeze(1))).sum(1);
}

Tensor among_best(const Tensor& ranks, std::int64_t k) {
  return ranks.ge(1).logical_and_(ranks.le(k));
}

Tensors regression_metrics(const Tensor& predictions, const Tensor& targets) {
  const auto prediction = doubles(predictions).flatten(), target = doubles(targets).flatten();
  const auto error = prediction - target;
  const double left = error.square().sum().item<double>();
  const double spread = (target - target.mean()).square().sum().item<double>();
  const auto a = numbers(prediction), b = numbers(target);

  Tensors out;
  out["mae"] = error.abs().mean();
  out["rmse"] = error.square().mean().sqrt();
  out["r2"] = number(spread > 0 ? 1 - left / spread : (left == 0 ? 1.0 : 0.0));
  const bool finite = prediction.isfinite().all().item<bool>();
  out["pearson"] = number(finite ? pearson(a, b) : kNan);
  out["spearman"] = number(finite ? pearson(midranks(a), midranks(b)) : kNan);
  return out;
}

Tensors classification_metrics(const std::string& kind, const Tensors& in) {
  if (kind == "single_label") return single_label(in);
  if (kind == "multi_label") return multi_label(in);
  if (kind == "regression") return regression(in);
  throw Error("metrics of kind \"" + kind +
              "\" are not known; known: single_label, multi_label, regression");
}

}  // namespace ktb::tasks
