#include "adapter.hpp"

#include <ATen/ops/gelu.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/special_entr.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ktb/transfer/sites.hpp"
#include "layers.hpp"

namespace ktb::mergenet {
namespace nn = torch::nn;
namespace {

/// LayerNorm(x + dropout(down(gelu(up(x))))) of the rows of x.
struct FeedForwardImpl : nn::Module {
  explicit FeedForwardImpl(const AdapterShape& s)
      : up(register_module("up", SpectralLinear(s.n, 2 * s.n))),
        down(register_module("down", SpectralLinear(2 * s.n, s.n))),
        norm(register_module("norm", nn::LayerNorm(nn::LayerNormOptions({s.n}).eps(s.norm_eps)))),
        dropout(register_module("dropout", nn::Dropout(s.ffn_dropout))) {}
  Tensor forward(const Tensor& x) { return norm(x + dropout(down(at::gelu(up(x), "tanh")))); }
  SpectralLinear up, down;
  nn::LayerNorm norm;
  nn::Dropout dropout;
};
TORCH_MODULE(FeedForward);

struct TransferLayerImpl : nn::Module {
  explicit TransferLayerImpl(const AdapterShape& s) {
    for (const char* name : {"xx", "xy", "yx", "yy"})
      if (s.directions == "all" || s.directions == name) ways.push_back(way(name, s));
    for (const auto& one : ways) queries.add(one.attention->fc_q, one.columns);
    ffn = register_module("ffn", FeedForward(s));
  }

  /// One attention, of rows or columns of a over rows or columns of b.
  struct Way {
    std::string name;
    bool columns, over_columns;
    CrossAttention attention;
  };
  Way way(const std::string& name, const AdapterShape& s) {
    const bool columns = name[0] == 'y', over_columns = name[1] == 'y';
    const auto query = columns ? s.m : s.n, key = over_columns ? s.p : s.q;
    const auto head = std::max<std::int64_t>((query + key) / 2, 128) / s.heads;
    return {name, columns, over_columns,
            register_module(
                name, CrossAttention(query, key, head, s.heads, s.attention_dropout, s.norm_eps))};
  }

  /// `read`: keys and values of each way in turn.
  Tensor forward(const Tensor& a, at::TensorList read) {
    const auto q = queries(a);
    Tensor sum;
    for (std::size_t i = 0; i < ways.size(); ++i) {
      auto& one = ways[i];
      const auto found = one.attention(one.columns ? a.t() : a, q[i], read[2 * i], read[2 * i + 1]);
      const auto rows = one.columns ? found.t() : found;
      sum = sum.defined() ? sum + rows : rows;
    }
    return ffn(sum / static_cast<double>(ways.size()));
  }

  std::vector<Way> ways;
  MatrixFan queries;
  FeedForward ffn{nullptr};
};
TORCH_MODULE(TransferLayer);

/// The i-th of so many equal parts.
at::TensorList part(at::TensorList all, std::size_t i, std::size_t parts) {
  const auto each = all.size() / parts;
  return all.slice(i * each, each);
}

AdapterShape sized(AdapterShape shape, const Tensor& into, const Tensor& from) {
  shape.m = into.size(0), shape.n = into[0].numel();
  shape.p = from.size(0), shape.q = from[0].numel();
  return shape;
}

}  // namespace

MatrixAdapterImpl::MatrixAdapterImpl(const AdapterShape& shape) {
  for (std::int64_t i = 0; i < shape.layers; ++i) ktl_->push_back(TransferLayer(shape));
  register_module("ktl", ktl_);
  for (const auto& layer : *ktl_)
    for (const auto& way : layer->as<TransferLayer>()->ways) {
      reading_.add(way.attention->fc_k, way.over_columns);
      reading_.add(way.attention->fc_v, way.over_columns);
    }
  if (shape.gated) gate_ = register_parameter("gate", at::zeros({}));
}

Tensor MatrixAdapterImpl::forward(Tensor a, const Tensor& b) {
  const auto read = reading_(b);
  for (std::size_t i = 0; i < ktl_->size(); ++i)
    a = ktl_[i]->as<TransferLayer>()->forward(a, part(read, i, ktl_->size()));
  return a;
}

Tensors MatrixAdapterImpl::attention(Tensor a, const Tensor& b) {
  Tensors maps;
  const auto all = reading_(b);
  for (std::size_t i = 0; i < ktl_->size(); ++i) {
    auto* layer = ktl_[i]->as<TransferLayer>();
    const auto read = part(all, i, ktl_->size());
    const auto q = layer->queries(a);
    for (std::size_t way = 0; way < q.size(); ++way)
      maps[std::to_string(i) + "." + layer->ways[way].name] =
          layer->ways[way].attention->attention(q[way], read[2 * way]);
    a = layer->forward(a, read);
  }
  return maps;
}

void MatrixAdapterImpl::follow(const Tensor& made, const Tensor& delta) {
  const auto all = parameters();
  const auto gradients = torch::autograd::grad({made}, all, {delta}, {}, false, true);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].mutable_grad() = gradients[i];
}

AdapterOptions::AdapterOptions(Options& o) {
  f = o.get("f", 2, "a transfer every f batches (T_cycle)", {.least = 1});
  write_from =
      o.get("write_from", 0, "ours: the step from which on adapters write; they learn before, too",
            {.least = 0});
  write_to = o.get("write_to", -1,
                   "ours: the step from which on they are done, and the target trains alone; "
                   "-1: none",
                   {.least = -1});
  shape.layers = o.get("num_ktl", 2, "knowledge transfer layers", {.least = 1});
  shape.heads = o.get("heads", 8, "attention heads", {.least = 1, .most = 128});
  shape.directions = o.get("directions", "all",
                           "which tokens attend to which: rows (x) or columns (y) of the matrix "
                           "that is made to rows or columns of the other",
                           {"all", "xx", "xy", "yx", "yy"});
  shape.norm_eps = o.get("ln_eps", 1e-12, "epsilon of the layer normalisations");
  const ktb::Range rate{.least = 0, .most = 1};
  const auto noise =
      o.get("dropout", 1.0,
            "scales both dropout rates; 0: off, or their noise is written into the weight", rate);
  shape.attention_dropout = noise * o.get("attention_dropout", 0.1, "on attention", rate);
  shape.ffn_dropout = noise * o.get("ffn_dropout", 0.2, "on the feed-forward branch", rate);

  const auto mode = o.get(
      "write_mode", "overwrite",
      "overwrite the weight or mix it; gate, ours: mix it by a share that is learned, 0 at first",
      {"overwrite", "mix", "gate"});
  shape.gated = mode == "gate";
  const auto alpha = o.get("alpha", 0.5, "mix: (1 - alpha) old + alpha new", rate);
  share = mode == "mix" ? alpha : 1;
  rescale = o.get("rescale", "auto",
                  "match_std keeps the weight's standard deviation; auto, our choice: only where "
                  "no normalisation takes it away",
                  {"auto", "none", "match_std"});

  recipe.optimizer = "adamw";
  recipe.lr = o.get("lr", 1e-3, "the adapter's rate", {.least = 0});
  recipe.weight_decay = o.get("weight_decay", 5e-4, "the adapter's, but for biases and norms");
  recipe.clip = o.get("clip_norm", 50.0, "norm to which the adapter's gradient is clipped; 0: not",
                      {.least = 0});
  recipe.eps = o.get("eps", 1e-8, "of the adapter's AdamW");
  const auto betas = o.get("betas", std::vector<double>{0.9, 0.999}, "of the adapter's AdamW");
  if (betas.size() != 2) throw OptionError("betas", "betas takes two numbers");
  recipe.beta1 = betas[0], recipe.beta2 = betas[1];
  warm =
      o.get("warm", 0.02, "share of the training at the full rate, before the cosine to 0", rate);
  recipe.schedule = [warm = warm](double progress) {
    return progress < warm ? 1
                           : (1 + std::cos(std::numbers::pi * (progress - warm) / (1 - warm))) / 2;
  };
}

MatrixTransfer::MatrixTransfer(Tensor into, Tensor from, const AdapterOptions& options,
                               bool scale_counts)
    : into_(std::move(into)),
      from_(std::move(from)),
      options_(options),
      match_std_(options.rescale == "match_std" || (options.rescale == "auto" && scale_counts)),
      adapter_(sized(options.shape, into_, from_)),
      moved_(adapter_->register_buffer("moved", at::zeros({2}))) {}

std::vector<Group> MatrixTransfer::groups(const std::string& name) const {
  Group decayed;
  decayed.name = name, decayed.recipe = options_.recipe, decayed.manual = true;
  auto plain = decayed;
  plain.weight_decay = 0;
  for (const auto& item : adapter_->named_parameters()) {
    const bool spared = item.key().find("bias") != std::string::npos ||
                        item.key().find("norm") != std::string::npos || item.key() == "gate";
    (spared ? plain : decayed).parameters.push_back(item.value());
  }
  return {decayed, plain};
}

void MatrixTransfer::make() {
  const auto old = as_matrix(into_);
  made_ = MatrixAdapter(adapter_)(old, as_matrix(from_));
  if (match_std_) made_ = made_ * (old.std() / made_.detach().std().clamp_min(1e-12));
  if (options_.share < 1) made_ = old.lerp(made_, options_.share);
  if (adapter_->gate().defined()) made_ = old.lerp(made_, adapter_->gate());
}

void MatrixTransfer::write() {
  const at::NoGradGuard no_grad;
  const auto made = made_.view(into_.sizes());
  moved_[0] = (made - into_).norm() / into_.norm().clamp_min(1e-12);
  into_.copy_(made);
}

void MatrixTransfer::follow() {
  const auto delta = made_.detach() - as_matrix(into_);
  moved_[1] = delta.norm() / made_.detach().norm().clamp_min(1e-12);
  MatrixAdapter(adapter_)->follow(made_, delta);
  made_ = Tensor();
}

Tensors MatrixTransfer::attention() const {
  return MatrixAdapter(adapter_)->attention(as_matrix(into_), as_matrix(from_));
}

std::map<std::string, double> MatrixTransfer::diagnosis() const {
  const auto spectrum = at::linalg_svdvals(as_matrix(into_).detach().to(at::kDouble)).square();
  Tensor entropy = at::zeros({}, into_.options());
  const auto maps = attention();
  for (const auto& [way, map] : maps)
    entropy += at::special_entr(map).sum(-1).mean() / std::log(map.size(-1));
  return {{"stable_rank", (spectrum.sum() / spectrum[0]).item<double>()},
          {"moved.transfer", moved_[0].item<double>()},
          {"moved.step", moved_[1].item<double>()},
          {"attention_entropy", entropy.item<double>() / static_cast<double>(maps.size())}};
}

/// References run without dropout; mergenet_update counts epochs out of 200.
void MatrixTransfer::check(Case& given) {
  for (const auto& module : adapter_->modules())
    if (auto* dropout = module->as<nn::Dropout>()) dropout->options.p(0);
  const auto &a = given.in.at("target.weight"), &b = given.in.at("source.weight");
  Tensor made;
  for (auto i = given.options.get("forwards", 1, "forwards of the adapter"); i > 0; --i)
    made = adapter_(a.flatten(1), b.flatten(1));
  given.out["weight"] = made.view(a.sizes());
  if (given.name == "mergenet_adapter") {
    given.out["loss"] = (given.out["weight"] * given.in.at("cotangent")).sum();
    return;
  }
  adapter_->follow(made, given.in.at("delta").flatten(1));
  Tensor square = made.new_zeros({});
  for (const auto& parameter : adapter_->parameters()) square += parameter.grad().square().sum();
  given.out["grad_norm_before_clip"] = square.sqrt();
  const auto epoch = given.options.get("epoch", 0, "epoch of the step");
  given.out["scheduler_steps"] = at::scalar_tensor(epoch / 200.0 >= options_.warm, at::kLong);
  given.update("adapter");
}

}  // namespace ktb::mergenet
