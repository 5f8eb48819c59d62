#pragma once
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ktb/blocks.hpp"

// Parts of networks on tokens [B, n, d], shared by vision transformers, mixers and ConvNeXt.

namespace ktb {

/// LayerNorm with epsilon 1e-6, as torchvision and timm have it.
KTB_API torch::nn::LayerNorm add_layer_norm(torch::nn::Module& root, const std::string& path,
                                            std::int64_t width);

/// An image cut into squares, each of which becomes `width` numbers: [B, width, h, w].
struct KTB_API Patches {
  /// Throws OptionError, naming `patch_size`, where the squares leave a rest of [c, h, w].
  Patches(torch::nn::Module& root, const std::string& path, const std::vector<std::int64_t>& image,
          std::int64_t width, std::int64_t size);

  torch::nn::Conv2d conv{nullptr};
  std::int64_t count;
};

/// [B, d, h, w] as tokens [B, h w, d].
KTB_API Tensor as_tokens(const Tensor& map);

/// Tokens [B, n, d] behind one that is the same for all examples, [1, 1, d].
KTB_API Tensor with_class_token(const Tensor& class_token, const Tensor& tokens);

/// Two linear layers with the exact GELU between.
struct KTB_API Mlp {
  Mlp(torch::nn::Module& root, const std::string& up, const std::string& down, std::int64_t width,
      std::int64_t hidden);
  Tensor operator()(const Tensor& x, double dropout = 0, bool training = false);

  torch::nn::Linear up, down;
};

/// What a definition calls the parts of an encoder layer, from the layer on.
struct EncoderNames {
  std::string norm_1, in_weight, in_bias, out, norm_2, up, down;
};

/// The transformer's encoder layer with the normalisations in front (Dosovitskiy et al.,
/// arXiv 2010.11929).
struct KTB_API EncoderLayer {
  /// Throws OptionError, naming `num_heads`, where they do not divide the width.
  EncoderLayer(torch::nn::Module& root, const std::string& at, const EncoderNames& names,
               std::int64_t width, std::int64_t hidden, std::int64_t heads);
  Tensor operator()(const Tensor& x, double dropout = 0, bool training = false);

  std::int64_t heads;
  torch::nn::LayerNorm norm_1;
  Tensor in_weight, in_bias;  ///< queries, keys and values below each other
  torch::nn::Linear out;
  torch::nn::LayerNorm norm_2;
  Mlp mlp;
};

}  // namespace ktb
