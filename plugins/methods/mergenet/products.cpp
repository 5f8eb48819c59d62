#include "products.hpp"

#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/addr.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <cstddef>

namespace ktb::mergenet {
namespace {

using torch::autograd::AutogradContext, torch::autograd::Function;
using TensorList = std::vector<Tensor>;

/// [n, heads d] as [heads, n, d], over the same memory.
Tensor by_head(const Tensor& tokens, std::int64_t heads) {
  return tokens.view({tokens.size(0), heads, -1}).transpose(0, 1);
}

/// factor * a b of all heads, laid out as by_head() finds it.
Tensor product(const Tensor& a, const Tensor& b, double factor) {
  const auto heads = a.size(0), rows = a.size(1);
  auto out = at::empty({rows, heads * b.size(2)}, a.options());
  by_head(out, heads).baddbmm_(a, b, /*beta=*/0, factor);
  return out;
}

std::vector<std::int64_t> extents(at::TensorList parts) {
  std::vector<std::int64_t> all;
  for (const auto& part : parts) all.push_back(part.size(0));
  return all;
}

bool lie_in(const Tensor& whole, const TensorList& parts) {
  if (!whole.defined()) return false;
  const auto* place = static_cast<const std::byte*>(whole.const_data_ptr());
  for (const auto& part : parts) {
    if (part.const_data_ptr() != place) return false;
    place += part.nbytes();
  }
  return true;
}

/// Whoever moves a module to another device or type tears its parameters apart.
void lay_together(Tensor& whole, const TensorList& parts) {
  if (lie_in(whole, parts)) return;
  const at::NoGradGuard no_grad;
  whole = at::cat(parts);
  const auto placed = whole.split_with_sizes(extents(parts));
  for (std::size_t i = 0; i < parts.size(); ++i) Tensor(parts[i]).set_data(placed[i]);
}

void add_parts(TensorList& all, const Tensor& whole, const std::vector<std::int64_t>& sizes) {
  for (auto& part : whole.split_with_sizes(sizes)) all.push_back(std::move(part));
}

struct FanProduct : Function<FanProduct> {
  /// `weights` and `biases`, the parts of the whole ones, are there for their gradients.
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const Tensor& bias, at::TensorList weights, at::TensorList) {
    context->save_for_backward({x, weight});
    context->saved_data["sizes"] = extents(weights);
    return at::addmm(bias, x, weight.t());
  }
  static TensorList backward(AutogradContext* context, const TensorList& gradients) {
    const auto saved = context->get_saved_variables();
    const auto& x = saved[0];
    const auto& out = gradients[0];
    const auto sizes = context->saved_data["sizes"].toIntVector();
    TensorList all(3);
    if (context->needs_input_grad(0)) all[0] = out.mm(saved[1]);
    add_parts(all, out.t().mm(x), sizes);
    add_parts(all, out.sum(0), sizes);
    return all;
  }
};

struct Attention : Function<Attention> {
  static Tensor forward(AutogradContext* context, const Tensor& queries, const Tensor& keys,
                        const Tensor& values, std::int64_t heads, double dropout) {
    const auto q = by_head(queries, heads), k = by_head(keys, heads), v = by_head(values, heads);
    const double scale = 1 / std::sqrt(static_cast<double>(q.size(2)));
    auto scores = at::empty({heads, q.size(1), k.size(1)}, q.options());
    scores.baddbmm_(q, k.transpose(1, 2), /*beta=*/0, scale);
    const auto shares = at::_softmax(scores, -1, false);
    // What dropout leaves is larger by `rest`, a factor that the products take along.
    const double rest = dropout < 1 ? 1 / (1 - dropout) : 0;
    const auto mask = dropout > 0 ? at::empty_like(shares).bernoulli_(1 - dropout) : Tensor();
    const auto kept = mask.defined() ? shares * mask : shares;
    context->save_for_backward({q, k, v, shares, kept, mask});
    context->saved_data["scale"] = scale;
    context->saved_data["rest"] = rest;
    return product(kept, v, rest);
  }
  static TensorList backward(AutogradContext* context, const TensorList& gradients) {
    const auto saved = context->get_saved_variables();
    const auto &q = saved[0], &k = saved[1], &v = saved[2], &shares = saved[3], &kept = saved[4];
    const double scale = context->saved_data["scale"].toDouble();
    const double rest = context->saved_data["rest"].toDouble();
    const auto out = by_head(gradients[0], q.size(0));
    auto of_shares = at::empty_like(shares);
    of_shares.baddbmm_(out, v.transpose(1, 2), /*beta=*/0, rest);
    if (saved[5].defined()) of_shares.mul_(saved[5]);
    const auto of_scores = at::_softmax_backward_data(of_shares, shares, -1, shares.scalar_type());
    return {product(of_scores, k, scale),
            product(of_scores.transpose(1, 2), q, scale),
            product(kept.transpose(1, 2), out, rest),
            {},
            {}};
  }
};

struct SpectralProduct : Function<SpectralProduct> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const Tensor& bias, const Tensor& u, const Tensor& v) {
    const auto sigma = at::dot(u, weight.mv(v));
    // Dividing the result costs less than dividing the weight: there are fewer rows than outputs.
    const auto divided = x.mm(weight.t()).div_(sigma);
    context->save_for_backward({x, weight, u, v, sigma, divided});
    return divided + bias;
  }
  static TensorList backward(AutogradContext* context, const TensorList& gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &u = saved[2], &v = saved[3];
    const auto& divided = saved[5];
    const auto out = gradients[0] / saved[4];
    const auto of_sigma = at::dot(out.flatten(), divided.flatten());  // times -1
    return {context->needs_input_grad(0) ? out.mm(weight) : Tensor(),
            at::addr(out.t().mm(x), u * of_sigma, v, 1, -1),
            gradients[0].sum(0),
            {},
            {}};
  }
};

}  // namespace

std::vector<Tensor> Fan::operator()(const Tensor& x) {
  if (layers_.empty()) return {};
  TensorList weights, biases;
  for (const auto& layer : layers_) weights.push_back(layer->weight), biases.push_back(layer->bias);
  lay_together(weight_, weights);
  lay_together(bias_, biases);
  return FanProduct::apply(x, weight_, bias_, at::TensorList(weights), at::TensorList(biases))
      .split_with_sizes(extents(weights), 1);
}

void MatrixFan::add(torch::nn::Linear layer, bool of_columns) {
  (of_columns ? columns_ : rows_).add(std::move(layer));
  of_columns_.push_back(of_columns);
}

std::vector<Tensor> MatrixFan::operator()(const Tensor& matrix) {
  const auto rows = rows_(matrix), columns = columns_(matrix.t());
  auto row = rows.begin(), column = columns.begin();
  TensorList all;
  for (const bool of_columns : of_columns_) all.push_back(of_columns ? *column++ : *row++);
  return all;
}

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads,
              double dropout) {
  return Attention::apply(q, k, v, heads, dropout);
}

Tensor spectral_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& u,
                       const Tensor& v) {
  return SpectralProduct::apply(x, weight, bias, u, v);
}

}  // namespace ktb::mergenet
