#pragma once
#include <string>
#include <vector>

#include "ktb/nn/image_model.hpp"
#include "ktb/nn/tokens.hpp"

namespace ktb {

/// The transformer's encoder layer with the normalisations in front.
struct KTB_API EncoderLayer {
  /// What a definition calls its parts.
  struct Names {
    std::string norm_1, in_weight, in_bias, out, norm_2, up, down;
  };
  /// Throws OptionError, naming `num_heads`, where they do not divide the width.
  EncoderLayer(torch::nn::Module& root, const std::string& at, const Names& names,
               std::int64_t width, std::int64_t hidden, std::int64_t heads);
  Tensor operator()(const Tensor& x, double dropout, bool training);

  std::int64_t heads;
  torch::nn::LayerNorm norm_1;
  Tensor in_weight, in_bias;  ///< queries, keys and values below each other
  torch::nn::Linear out;
  torch::nn::LayerNorm norm_2;
  Mlp mlp;
};

/// A transformer on the patches of an image and a class token, which the head reads (Dosovitskiy et
/// al., arXiv 2010.11929). The public definitions differ in names and initialisation.
class KTB_API VisionTransformer : public ImageModel {
 public:
  using ImageModel::ImageModel;
  ~VisionTransformer() override;

  std::string takes() const override { return takes_; }

 protected:
  struct Names {
    std::string patches, class_token, positions, norm, head;
    std::string layer;  ///< in front of a layer's number
    EncoderLayer::Names parts;
  };
  struct Sizes {
    std::int64_t patch, width, hidden, heads, layers;
  };
  /// What definitions initialise each in their way; class token and positions are 0 at first.
  struct Parts {
    Tensor class_token, positions;
    Convolution patches{nullptr};
    std::vector<EncoderLayer> layers;
    torch::nn::Linear head{nullptr};
  };

  /// `dropout`: rate after embedding, attention and hidden layers.
  Parts& build(const Names& names, const Sizes& sizes, double dropout = 0);
  /// Features: the patches as a map, the tokens after each layer, and those normalised.
  Output forward_trunk(const Batch& batch) override;

 private:
  Parts parts_;
  torch::nn::LayerNorm norm_{nullptr};
  double dropout_ = 0;
  std::string takes_;
};

}  // namespace ktb
