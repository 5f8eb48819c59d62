#include "ktb/layers.hpp"

#include <ATen/ops/gelu.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "ktb/maps.hpp"
#include "sdk/batch_norm.hpp"

namespace ktb {
namespace nn = torch::nn;
namespace {

/// LayerNorm(x + dropout(down(gelu(up(x))))) of the rows of x.
struct FeedForwardImpl : nn::Module {
  explicit FeedForwardImpl(const AdapterShape& s)
      : up(register_module("up", SpectralLinear(s.n, 2 * s.n))),
        down(register_module("down", SpectralLinear(2 * s.n, s.n))),
        norm(register_module("norm", nn::LayerNorm(nn::LayerNormOptions({s.n}).eps(s.norm_eps)))),
        dropout(register_module("dropout", nn::Dropout(s.ffn_dropout))) {}
  at::Tensor forward(const at::Tensor& x) {
    return norm(x + dropout(down(at::gelu(up(x), "tanh"))));
  }
  SpectralLinear up, down;
  nn::LayerNorm norm;
  nn::Dropout dropout;
};
TORCH_MODULE(FeedForward);

struct TransferLayerImpl : nn::Module {
  explicit TransferLayerImpl(const AdapterShape& s)
      : xx(attention("xx", s.n, s.q, s)),
        xy(attention("xy", s.n, s.p, s)),
        yx(attention("yx", s.m, s.q, s)),
        yy(attention("yy", s.m, s.p, s)),
        ffn(register_module("ffn", FeedForward(s))) {}
  CrossAttention attention(const char* name, std::int64_t query, std::int64_t key,
                           const AdapterShape& s) {
    const auto head = std::max<std::int64_t>((query + key) / 2, 128) / s.heads;
    return register_module(
        name, CrossAttention(query, key, head, s.heads, s.attention_dropout, s.norm_eps));
  }
  at::Tensor forward(const at::Tensor& a, const at::Tensor& b) {
    const auto a_t = a.t(), b_t = b.t();
    return ffn((xx(a, b) + xy(a, b_t) + yx(a_t, b).t() + yy(a_t, b_t).t()) / 4);
  }
  CrossAttention xx, xy, yx, yy;
  FeedForward ffn;
};
TORCH_MODULE(TransferLayer);

using Shape = std::vector<std::int64_t>;

std::shared_ptr<nn::Module> regression(const Shape& from, const Shape& to) {
  if (from[1] == 2 * to[1])
    return nn::Conv2d(nn::Conv2dOptions(from[0], to[0], 3).stride(2).padding(1)).ptr();
  if (2 * from[1] == to[1])
    return nn::ConvTranspose2d(nn::ConvTranspose2dOptions(from[0], to[0], 4).stride(2).padding(1))
        .ptr();
  if (from[1] >= to[1] && from[2] >= to[2])
    return nn::Conv2d(nn::Conv2dOptions(from[0], to[0], {1 + from[1] - to[1], 1 + from[2] - to[2]}))
        .ptr();
  return nn::Conv2d(nn::Conv2dOptions(from[0], to[0], 3).padding(1)).ptr();
}

}  // namespace

SpectralLinearImpl::SpectralLinearImpl(std::int64_t in, std::int64_t out) {
  const nn::Linear start(in, out);
  weight = register_parameter("weight", start->weight.detach().clone());
  bias = register_parameter("bias", start->bias.detach().clone());
  u = register_buffer("u", unit(torch::randn({out}), 0));
  v = register_buffer("v", unit(torch::randn({in}), 0));
  for (int i = 0; i < 15; ++i) iterate();
}

void SpectralLinearImpl::iterate() {
  const torch::NoGradGuard no_grad;
  u.copy_(unit(weight.mv(v), 0));
  v.copy_(unit(weight.t().mv(u), 0));
}

at::Tensor SpectralLinearImpl::forward(const at::Tensor& x) {
  if (is_training()) iterate();
  // Copies, since a later forward moves the buffers before this one's backward may have run.
  const auto sigma = u.clone().dot(weight.mv(v.clone()));
  // Dividing the result costs less than dividing the weight: there are fewer rows than outputs.
  return x.matmul(weight.t()) / sigma + bias;
}

CrossAttentionImpl::CrossAttentionImpl(std::int64_t query_width, std::int64_t key_width,
                                       std::int64_t head_width, std::int64_t heads, double dropout,
                                       double norm_eps)
    : heads_(heads), head_width_(head_width) {
  const auto width = heads * head_width;
  fc_q_ = register_module("fc_q", nn::Linear(query_width, width));
  fc_k_ = register_module("fc_k", nn::Linear(key_width, width));
  fc_v_ = register_module("fc_v", nn::Linear(key_width, width));
  fc_out_ = register_module("fc_out", nn::Linear(width, query_width));
  norm_ = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({query_width}).eps(norm_eps)));
  dropout_ = register_module("dropout", nn::Dropout(dropout));
}

at::Tensor CrossAttentionImpl::forward(const at::Tensor& x, const at::Tensor& source) {
  const auto split = [&](const at::Tensor& tokens) {
    return tokens.view({-1, heads_, head_width_}).transpose(0, 1);
  };
  const auto query = split(fc_q_(x)) / std::sqrt(static_cast<double>(head_width_));
  const auto scores = query.matmul(split(fc_k_(source)).transpose(1, 2)).softmax(-1);
  const auto heads = dropout_(scores).matmul(split(fc_v_(source)));
  return norm_(x + fc_out_(heads.transpose(0, 1).flatten(1)));
}

MatrixAdapterImpl::MatrixAdapterImpl(const AdapterShape& shape) {
  for (std::int64_t i = 0; i < shape.layers; ++i) ktl_->push_back(TransferLayer(shape));
  register_module("ktl", ktl_);
}

at::Tensor MatrixAdapterImpl::forward(at::Tensor a, const at::Tensor& b) {
  for (const auto& layer : *ktl_) a = layer->as<TransferLayer>()->forward(a, b);
  return a;
}

ConvRegressorImpl::ConvRegressorImpl(const Shape& from, const Shape& to, bool relu)
    : relu_(relu),
      conv_(register_module("conv", regression(from, to))),
      bn_(register_module("bn", nn::BatchNorm2d(to[0]).ptr())) {}

at::Tensor ConvRegressorImpl::forward(const at::Tensor& x) {
  auto* conv = conv_->as<nn::Conv2d>();
  const auto mapped = conv ? conv->forward(x) : conv_->as<nn::ConvTranspose2d>()->forward(x);
  const auto out = normalised(*bn_->as<nn::BatchNorm2d>(), mapped);
  return relu_ ? out.relu() : out;
}

ConvBottleneckImpl::ConvBottleneckImpl(std::int64_t from, std::int64_t mid, std::int64_t to,
                                       bool last_norm) {
  const std::int64_t widths[] = {from, mid, mid, to}, kernels[] = {1, 3, 1};
  for (int i = 0; i < 3; ++i) {
    const auto number = std::to_string(i + 1);
    layers_[2 * i] = register_module(
        "conv" + number, nn::Conv2d(nn::Conv2dOptions(widths[i], widths[i + 1], kernels[i])
                                        .padding(kernels[i] / 2)
                                        .bias(false))
                             .ptr());
    if (i < 2 || last_norm)
      layers_[2 * i + 1] = register_module("bn" + number, nn::BatchNorm2d(widths[i + 1]).ptr());
  }
}

at::Tensor ConvBottleneckImpl::forward(const at::Tensor& x) {
  auto out = x;
  for (int i = 0; i < 6; i += 2) {
    out = layers_[i]->as<nn::Conv2d>()->forward(out);
    if (layers_[i + 1]) out = normalised(*layers_[i + 1]->as<nn::BatchNorm2d>(), out).relu();
  }
  return out;
}

EmbeddingImpl::EmbeddingImpl(std::int64_t from, std::int64_t to, bool unit_length)
    : unit_length_(unit_length), linear_(register_module("linear", nn::Linear(from, to))) {}

at::Tensor EmbeddingImpl::forward(const at::Tensor& x) {
  const auto out = linear_->forward(x.flatten(1));
  return unit_length_ ? unit(out, 1, 0) : out;
}

}  // namespace ktb
