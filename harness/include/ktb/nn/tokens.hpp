#pragma once
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ktb/nn/blocks.hpp"

// Parts of networks on tokens [B, n, d], shared by vision transformers, mixers and ConvNeXt.

namespace ktb {

/// LayerNorm, by default with the epsilon that torchvision and timm have.
KTB_API torch::nn::LayerNorm add_layer_norm(torch::nn::Module& root, const std::string& path,
                                            std::int64_t width, double epsilon = 1e-6);

/// An image cut into squares, each of which becomes `width` numbers: [B, width, h, w].
struct KTB_API Patches {
  /// Throws OptionError, naming `patch_size`, where the squares leave a rest of [c, h, w].
  Patches(torch::nn::Module& root, const std::string& path, const std::vector<std::int64_t>& image,
          std::int64_t width, std::int64_t size);

  Convolution conv{nullptr};
  std::int64_t count;
};

/// [B, d, h, w] as tokens [B, h w, d].
KTB_API Tensor as_tokens(const Tensor& map);

/// Two linear layers with the exact GELU between.
struct KTB_API Mlp {
  Mlp(torch::nn::Module& root, const std::string& up, const std::string& down, std::int64_t width,
      std::int64_t hidden);
  Tensor operator()(const Tensor& x, double dropout = 0, bool training = false);

  torch::nn::Linear up, down;
};

}  // namespace ktb
