#pragma once
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ktb/model.hpp"

// Parts of networks as plain structs, which register their layers in the model under dotted names
// (`layer1.0.conv1`): so the names are the ecosystem's whatever the C++ structure is.

namespace ktb {

/// The submodule at a dotted path below `root`, made where it is missing; "": `root` itself.
KTB_API torch::nn::Module& submodule(torch::nn::Module& root, const std::string& path);

/// Registers `layer` under a dotted path: add_layer(*this, "mlp.0", torch::nn::Linear(8, 8)).
template <class Layer>
Layer add_layer(torch::nn::Module& root, const std::string& path, Layer layer) {
  const auto dot = path.rfind('.');
  auto& parent = submodule(root, dot == std::string::npos ? "" : path.substr(0, dot));
  return parent.register_module(dot == std::string::npos ? path : path.substr(dot + 1), layer);
}

/// Registers a parameter under a dotted path.
KTB_API Tensor add_parameter(torch::nn::Module& root, const std::string& path, Tensor value);

/// A convolution that a method may compute otherwise: Zoo-Tuning mixes kernels of several models.
class KTB_API ConvolutionImpl : public torch::nn::Conv2dImpl {
 public:
  using torch::nn::Conv2dImpl::Conv2dImpl;
  ~ConvolutionImpl() override;
  Tensor forward(const Tensor& x) { return stand_in ? stand_in(x) : Conv2dImpl::forward(x); }

  std::function<Tensor(const Tensor&)> stand_in;  ///< none: the convolution itself
};
TORCH_MODULE(Convolution);

/// A square convolution.
struct ConvShape {
  std::int64_t in, out;  ///< channels
  std::int64_t kernel = 1, stride = 1;
  std::int64_t padding = -1;  ///< -1: kernel / 2, which keeps the size at stride 1
  std::int64_t groups = 1;
  bool bias = false;
};

KTB_API Convolution add_conv(torch::nn::Module& root, const std::string& path,
                             const ConvShape& shape);

/// What a definition calls a convolution and the normalisation behind it, from their block on.
struct ConvNormNames {
  std::string conv, norm;
};

/// Convolution, then batch normalisation; what follows may overwrite the result.
struct KTB_API ConvNorm {
  ConvNorm(torch::nn::Module& root, const std::string& conv, const std::string& norm,
           const ConvShape& shape);
  /// Both names behind the prefix `at`.
  ConvNorm(torch::nn::Module& root, const std::string& at, const ConvNormNames& names,
           const ConvShape& shape)
      : ConvNorm(root, at + names.conv, at + names.norm, shape) {}
  Tensor operator()(const Tensor& x) const;

 private:
  Convolution conv_;
  torch::nn::BatchNorm2d norm_;
};

/// The channels of a map, first of each of `groups` equal parts, then second of each, and so on.
KTB_API Tensor shuffle_channels(const Tensor& map, std::int64_t groups);

/// Normal values that are redrawn outside [-2, 2], as timm and torchvision initialise transformers.
KTB_API void init_truncated_normal(Tensor weight, double deviation);

}  // namespace ktb
