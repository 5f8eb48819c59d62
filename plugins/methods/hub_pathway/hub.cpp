#include "hub.hpp"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/embedding.h>

#include <algorithm>

#include "ktb/nn/blocks.hpp"

namespace ktb::hub_pathway {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kGeneratorWidth = 128;

/// [B, kGeneratorWidth] from one input.
class Eye : public nn::Module {
 public:
  virtual Tensor look(const Tensor& x) = 0;
};

class PictureEye final : public Eye {
 public:
  PictureEye(std::int64_t channels, std::int64_t side) : side_(side) {
    auto in = channels;
    for (const auto number : {"1", "2", "3", "4"}) {
      const auto out = layers_.empty() ? kGeneratorWidth / 8 : 2 * in;
      layers_.emplace_back(*this, "",
                           ConvNormNames{std::string("conv") + number, std::string("bn") + number},
                           ConvShape{.in = in, .out = out, .kernel = 3, .stride = 2});
      in = out;
    }
  }
  Tensor look(const Tensor& picture) override {
    const auto height = std::min(picture.size(2), side_), width = std::min(picture.size(3), side_);
    auto x = at::adaptive_avg_pool2d(picture, {height, width});
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
      : table_(register_module("embedding", nn::Embedding(vocabulary, kGeneratorWidth))) {}
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
      : linear_(register_module("linear", nn::Linear(width, kGeneratorWidth))) {}
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

Tensor features_of_rows(Model& model, const Batch& batch, const Tensor& rows) {
  const bool training = model.is_training(), single = rows.numel() < 2;
  if (single) model.eval();
  const auto out = model.trunk(batch.rows(rows)).pooled;
  if (single) model.train(training);
  return out;
}

Tensor through(nn::ModuleListImpl& layers, std::size_t member, const Tensor& features) {
  return layers[member]->as<nn::Linear>()->forward(features);
}

void start_near_zero(nn::Module& layer) {
  for (auto& parameter : layer.parameters())
    parameter.dim() > 1 ? nn::init::normal_(parameter, 0, 0.01) : nn::init::zeros_(parameter);
}

}  // namespace

PathwayGeneratorImpl::PathwayGeneratorImpl(const Pairing& pairing, std::int64_t side)
    : inputs_(pairing.task.inputs) {
  const auto members = std::ssize(pairing.sources);
  for (const auto& input : inputs_) {
    eyes_.push_back(eye_for(input, side));
    register_module(input.name, eyes_.back());
  }
  clean_ = register_module("clean", nn::Linear(kGeneratorWidth, members));
  noise_ = register_module("noise", nn::Linear(kGeneratorWidth, members));
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

PathwayMixtureImpl::PathwayMixtureImpl(const Pairing& pairing, std::int64_t hidden,
                                       bool own_heads) {
  const auto outputs = pairing.task.outputs, out = hidden > 0 ? hidden : outputs;
  for (const auto& source : pairing.sources) {
    mix_->push_back(nn::Linear(nn::LinearOptions(source.model.pooled, out).bias(false)));
    if (own_heads) own_->push_back(nn::Linear(source.model.pooled, outputs));
  }
  register_module("mix", mix_);
  bias_ = register_parameter("bias", at::zeros({out}));
  if (hidden > 0) last_ = register_module("last", nn::Linear(hidden, outputs));
  register_module("own", own_);
  start_near_zero(*own_);
  start_near_zero(last_ ? static_cast<nn::Module&>(*last_) : *mix_);
}

Tensor PathwayMixtureImpl::forward(const std::vector<std::shared_ptr<Model>>& members,
                                   const Batch& batch, const Gating& gating, const Visit& visit) {
  auto sum = bias_.expand({batch.size(), -1});
  const auto rows = rows_by_member(gating.chosen, static_cast<std::int64_t>(members.size()));
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (rows[i].numel() == 0) continue;
    const auto features = features_of_rows(*members[i], batch, rows[i]);
    const auto gate = gating.gates.select(1, static_cast<std::int64_t>(i)).index_select(0, rows[i]);
    sum = sum.index_add(0, rows[i], gate.unsqueeze(1) * through(*mix_, i, features));
    if (visit) visit(i, features, rows[i]);
  }
  return finished(sum);
}

Tensor PathwayMixtureImpl::alone(std::size_t member, const Tensor& features) {
  if (own_->size() > 0) return through(*own_, member, features);
  return finished(bias_ + through(*mix_, member, features));
}

Tensor PathwayMixtureImpl::finished(const Tensor& sum) { return last_ ? last_(sum.relu()) : sum; }

void RouteMeter::add(const Gating& gating) {
  weights_.push_back(gating.weights.detach());
  chosen_.push_back(gating.chosen);
}

Tensor RouteMeter::weights() const { return at::cat(weights_); }

std::map<std::string, double> RouteMeter::figures(const Pairing& pairing) const {
  if (weights_.empty()) return {};
  const auto all = weights(), runs = at::cat(chosen_);
  std::map<std::string, double> out = {{"usage_entropy", entropy(all.mean(0)).item<double>()},
                                       {"input_entropy", entropy(all).mean().item<double>()}};
  for (std::size_t i = 0; i < pairing.sources.size(); ++i)
    out["share." + pairing.sources[i].model.name] =
        runs.eq(static_cast<std::int64_t>(i)).to(at::kDouble).mean().item<double>();
  return out;
}

}  // namespace ktb::hub_pathway
