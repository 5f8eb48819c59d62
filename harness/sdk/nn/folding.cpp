#include "sdk/nn/folding.hpp"

#include <ATen/autocast_mode.h>
#include <ATen/ops/conv2d.h>
#include <torch/types.h>

#include "sdk/frozen.hpp"
#include "sdk/nn/batch_norm.hpp"

namespace ktb {

Tensor Folding::operator()(const Tensor& x) const { return conv_->Conv2dImpl::forward(x); }

Tensor Folding::with(torch::nn::BatchNorm2dImpl& norm, const Tensor& x) {
  if (norm.is_training()) return normalised(norm, (*this)(x));
  const auto device = x.device().type();
  const auto type = at::autocast::is_autocast_enabled(device)
                        ? at::autocast::get_autocast_dtype(device)
                        : conv_->weight.scalar_type();
  if (!weight_.defined() || weight_.scalar_type() != type || print_ != print_of(norm))
    fold(norm, type);
  const auto& o = conv_->options;
  using Padding = torch::ExpandingArray<2>;
  return at::conv2d(x, weight_, bias_, o.stride(), std::get<Padding>(o.padding()), o.dilation(),
                    o.groups());
}

Folding::Print Folding::print_of(const torch::nn::BatchNorm2dImpl& norm) const {
  const auto of = [](const Tensor& tensor) {
    return std::pair{tensor.const_data_ptr(), static_cast<std::uint32_t>(tensor._version())};
  };
  return {of(conv_->weight), of(norm.weight), of(norm.bias), of(norm.running_mean),
          of(norm.running_var)};
}

void Folding::fold(const torch::nn::BatchNorm2dImpl& norm, at::ScalarType type) {
  const at::NoGradGuard no_grad;
  const auto wide = [](const Tensor& tensor) { return tensor.to(at::kDouble); };
  const auto scale = wide(norm.weight) / (wide(norm.running_var) + norm.options.eps()).sqrt();
  auto shift = wide(norm.running_mean);
  if (conv_->bias.defined()) shift = shift - wide(conv_->bias);
  weight_ =
      (wide(conv_->weight) * scale.view({-1, 1, 1, 1}))
          .to(type, /*non_blocking=*/false, /*copy=*/false, conv_->weight.suggest_memory_format());
  bias_ = (wide(norm.bias) - shift * scale).to(type);
  print_ = print_of(norm);
}

void fold_norms(Model& model) {
  for (const auto& module : model.modules(/*include_self=*/false))
    if (auto* conv = module->as<ConvolutionImpl>(); conv && !conv->stand_in)
      conv->stand_in = Folding(*conv);
}

}  // namespace ktb
