#pragma once
#include <string>

#include "ktb/nn/tokens.hpp"

// Parts of transformers (Vaswani et al., arXiv 1706.03762) on tokens [B, n, d].

namespace ktb {

/// `heads` where they divide the width; else throws OptionError, naming `num_heads`.
KTB_API std::int64_t head_count(std::int64_t heads, std::int64_t width);

/// Scaled dot-product attention of several heads: queries [B, n, d], keys and values [B, m, d] to
/// [B, n, d]. `mask` [B, m] bool says which of the m may be looked at; undefined: all.
KTB_API Tensor attend(const Tensor& queries, const Tensor& keys, const Tensor& values,
                      std::int64_t heads, const Tensor& mask = {}, double dropout = 0);

/// Attention with a linear layer each for queries, keys, values and results.
struct KTB_API Attention {
  /// What a definition calls its parts.
  struct Names {
    std::string query, key, value, out;
  };
  Attention(torch::nn::Module& root, const std::string& at, const Names& names, std::int64_t width,
            std::int64_t heads);
  /// x looks at `source`; what it finds, not yet added to it.
  Tensor operator()(const Tensor& x, const Tensor& source, const Tensor& mask, double dropout,
                    bool training);

  std::int64_t heads;
  torch::nn::Linear query, key, value, out;
};

/// The transformer's encoder layer as it was published: a normalisation behind each sum.
struct KTB_API PostNormLayer {
  struct Names {
    Attention::Names attention;
    std::string norm_1, up, down, norm_2;
  };
  PostNormLayer(torch::nn::Module& root, const std::string& at, const Names& names,
                std::int64_t width, std::int64_t hidden, std::int64_t heads);
  /// `source`: what attention looks at; x itself in an encoder.
  Tensor operator()(const Tensor& x, const Tensor& source, const Tensor& mask, double dropout,
                    bool training);

  Attention attention;
  torch::nn::LayerNorm norm_1;
  Mlp mlp;
  torch::nn::LayerNorm norm_2;
};

/// What BERT does to fresh layers below `root`: normal weights of deviation 0.02, biases 0, and 0
/// for the embedding of padding.
KTB_API void init_bert(torch::nn::Module& root);

}  // namespace ktb
