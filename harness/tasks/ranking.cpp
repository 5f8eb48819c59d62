#include "tasks/ranking.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <limits>
#include <string>

#include "ktb/error.hpp"

namespace ktb::tasks {
namespace {

/// Cosines as near as that are equal: sums of the same products may be rounded in different orders.
constexpr double kTie = 1e-12;
/// Rows of the matrix of cosines at a time, which keeps its memory small.
constexpr std::int64_t kBlock = 512;

/// Calls `rank` with a block of cosines of `queries` to `all`, and with the block's rows.
template <class Rank>
Tensor in_blocks(const Tensor& queries, const Tensor& all, Rank rank) {
  std::vector<Tensor> parts;
  for (std::int64_t at = 0; at < queries.size(0); at += kBlock) {
    const auto end = std::min(queries.size(0), at + kBlock);
    parts.push_back(rank(queries.slice(0, at, end).matmul(all.t()), at, end));
  }
  return at::cat(parts);
}

void add_direction(const std::string& name, const Tensor& ranks, Metrics& metrics) {
  const auto sorted = std::get<0>(ranks.to(at::kCPU, at::kDouble).sort());
  const auto n = sorted.numel();
  for (const int k : {1, 5, 10}) {
    const double recall = sorted.le(k).to(at::kDouble).mean().item<double>();
    metrics[name + "_recall_at_" + std::to_string(k)] = recall;
    metrics["rsum"] += recall;
  }
  metrics[name + "_median_rank"] =
      (sorted[(n - 1) / 2].item<double>() + sorted[n / 2].item<double>()) / 2;
}

}  // namespace

Tensor unit_rows(const Tensor& x) { return x / x.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12); }

Ranks retrieval_ranks(const Tensor& image, const Tensor& text, const Tensor& owner) {
  if (image.size(0) == 0 || text.size(0) == 0)
    throw Error("retrieval needs at least one image and one text");
  const auto images = unit_rows(image.detach().to(at::kDouble)).nan_to_num(0, 0, 0);
  const auto texts = unit_rows(text.detach().to(at::kDouble)).nan_to_num(0, 0, 0);
  const auto all = at::arange(images.size(0), owner.options());
  Ranks ranks;
  ranks.image_to_text = in_blocks(images, texts, [&](const Tensor& scores, auto at, auto end) {
    const auto own = owner.unsqueeze(0).eq(all.slice(0, at, end).unsqueeze(1));
    const auto best =
        scores.masked_fill(~own, -std::numeric_limits<double>::infinity()).amax(1, true);
    return scores.ge(best - kTie).logical_and(~own).sum(1) + 1;
  });
  ranks.text_to_image = in_blocks(texts, images, [&](const Tensor& scores, auto at, auto end) {
    const auto own = scores.gather(1, owner.slice(0, at, end).unsqueeze(1));
    return scores.ge(own - kTie).sum(1);  // the own image is one of them
  });
  return ranks;
}

Metrics retrieval_metrics(const Ranks& ranks) {
  Metrics metrics;
  add_direction("i2t", ranks.image_to_text, metrics);
  add_direction("t2i", ranks.text_to_image, metrics);
  return metrics;
}

Metrics folded_retrieval_metrics(const Tensor& image, const Tensor& text, const Tensor& owner,
                                 std::int64_t folds) {
  const auto size = image.size(0) / folds;
  Metrics means;
  for (std::int64_t fold = 0; fold < folds; ++fold) {
    const auto first = fold * size;
    const auto texts = owner.ge(first).logical_and(owner.lt(first + size)).nonzero().squeeze(1);
    const auto metrics = retrieval_metrics(retrieval_ranks(image.slice(0, first, first + size),
                                                           text.index_select(0, texts),
                                                           owner.index_select(0, texts) - first));
    for (const auto& [name, value] : metrics) means[name] += value / static_cast<double>(folds);
  }
  return means;
}

}  // namespace ktb::tasks
