#include "ktb/gating.hpp"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/special_ndtr.h>
#include <ATen/ops/where.h>
#include <ATen/ops/xlogy.h>
#include <ATen/ops/zeros_like.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/embedding.h>

#include <algorithm>
#include <string>

#include "ktb/blocks.hpp"

namespace ktb {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kHidden = 128;

/// [B, kHidden] from one kind of input.
class Eye : public nn::Module {
 public:
  virtual Tensor look(const Tensor& x) = 0;
};

class PictureEye final : public Eye {
 public:
  explicit PictureEye(std::int64_t channels, std::int64_t side) : side_(side) {
    for (std::int64_t out = kHidden / 8, in = channels; out <= kHidden; in = out, out *= 2) {
      const auto number = std::to_string(layers_.size() + 1);
      layers_.emplace_back(*this, "conv" + number, "bn" + number,
                           ConvShape{.in = in, .out = out, .kernel = 3, .stride = 2});
    }
  }
  Tensor look(const Tensor& picture) override {
    auto x = picture;
    if (std::max(x.size(2), x.size(3)) > side_)
      x = at::adaptive_avg_pool2d(x, {std::min(x.size(2), side_), std::min(x.size(3), side_)});
    for (const auto& layer : layers_) x = layer(x).relu_();
    return x.mean({2, 3});
  }

 private:
  std::int64_t side_;
  std::vector<ConvNorm> layers_;
};

class IdEye final : public Eye {
 public:
  explicit IdEye(std::int64_t vocabulary)
      : table_(register_module("embedding", nn::Embedding(vocabulary, kHidden))) {}
  Tensor look(const Tensor& ids) override {
    const auto real = ids.ne(0).unsqueeze(2);
    return (table_(ids) * real).sum(1) / real.sum(1).clamp_min(1);
  }

 private:
  nn::Embedding table_{nullptr};
};

class NumberEye final : public Eye {
 public:
  explicit NumberEye(std::int64_t width)
      : linear_(register_module("linear", nn::Linear(width, kHidden))) {}
  Tensor look(const Tensor& x) override { return linear_(x.flatten(1)).relu(); }

 private:
  nn::Linear linear_{nullptr};
};

std::shared_ptr<Eye> eye_for(const InputSpec& input, std::int64_t side) {
  if (input.vocabulary > 0) return std::make_shared<IdEye>(input.vocabulary);
  if (input.shape.size() == 3) return std::make_shared<PictureEye>(input.shape[0], side);
  std::int64_t width = 1;
  for (const auto extent : input.shape) width *= extent;
  return std::make_shared<NumberEye>(width);
}

}  // namespace

Gating top_k_gating(const Tensor& logits, std::int64_t k, bool renormalise, double epsilon) {
  Gating out{logits, logits.softmax(1), {}, {}};
  auto [kept, chosen] = out.weights.topk(k, 1);
  if (renormalise) kept = kept / (kept.sum(1, true) + epsilon);
  out.gates = at::zeros_like(out.weights).scatter(1, chosen, kept);
  out.chosen = chosen;
  return out;
}

Tensor expected_load(const Gating& gating, const Tensor& clean, const Tensor& deviation,
                     bool coded) {
  const auto k = gating.chosen.size(1), m = gating.logits.size(1);
  if (!deviation.defined() || k == m) return gating.gates.gt(0).sum(0).to(at::kFloat);
  // One of the k best stays there while it beats the best of the rest; another must beat the kth.
  const auto best = std::get<0>((coded ? gating.weights : gating.logits).topk(k + 1, 1));
  const auto kth = best.narrow(1, k - 1, 1), next = best.narrow(1, k, 1);
  const auto rival = at::where(gating.logits.gt(next), next, kth);
  return at::special_ndtr((clean - rival) / deviation).sum(0);
}

Tensor squared_variation(const Tensor& values, double epsilon) {
  if (values.numel() == 1) return values.new_zeros({});
  return values.var() / (values.mean().square() + epsilon);
}

Tensor entropy(const Tensor& weights) { return -at::xlogy(weights, weights).sum(-1); }

std::vector<Tensor> rows_by_member(const Tensor& chosen, std::int64_t members) {
  const auto flat = chosen.flatten();
  const auto rows = at::argsort(flat, /*stable=*/true, 0, false).div(chosen.size(1), "floor");
  const auto counts = at::bincount(flat, {}, members).cpu();
  std::vector<Tensor> out;
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < members; ++i) {
    const auto count = counts.const_data_ptr<std::int64_t>()[i];
    out.push_back(rows.narrow(0, first, count));
    first += count;
  }
  return out;
}

Output trunk_of_rows(Model& model, const Batch& batch, const Tensor& rows) {
  const bool training = model.is_training(), single = rows.numel() < 2;
  if (single) model.eval();
  auto out = model.trunk(batch.rows(rows));
  if (single) model.train(training);
  return out;
}

PathwayGeneratorImpl::PathwayGeneratorImpl(const std::vector<InputSpec>& inputs,
                                           std::int64_t members, std::int64_t side)
    : inputs_(inputs) {
  for (const auto& input : inputs) {
    eyes_.push_back(eye_for(input, side));
    register_module(input.name, eyes_.back());
  }
  clean_ = register_module("clean", nn::Linear(kHidden, members));
  noise_ = register_module("noise", nn::Linear(kHidden, members));
  for (const auto& last : {clean_, noise_})
    for (auto& parameter : last->parameters()) nn::init::zeros_(parameter);
}

std::pair<Tensor, Tensor> PathwayGeneratorImpl::forward(const Batch& batch) {
  Tensor hidden;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const auto seen = std::static_pointer_cast<Eye>(eyes_[i])->look(batch.x.at(inputs_[i].name));
    hidden = hidden.defined() ? hidden + seen : seen;
  }
  return {clean_(hidden), noise_(hidden)};
}

}  // namespace ktb
