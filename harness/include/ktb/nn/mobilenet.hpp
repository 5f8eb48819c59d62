#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"

namespace ktb {

/// MobileNetV2 (Sandler et al., arXiv 1801.04381): seven stages of inverted residuals between a
/// stem and a wide 1x1 convolution. The public definitions differ in what Form holds.
class KTB_API MobileNetV2 : public ConvNet {
 public:
  using ConvNet::ConvNet;
  ~MobileNetV2() override;

  std::string takes() const override { return takes_; }
  std::vector<std::string> preact_norms() const override { return preact_norms_; }

 protected:
  /// Of a block.
  struct Place {
    int stage, index;  ///< of the stage, of the block in it
    int number;        ///< of the block in the network
    bool last, alone;  ///< the last block of its stage, the only one
  };
  /// No name for `expand`: a block without that layer.
  struct Names {
    ConvNormNames expand, depthwise, project;
  };
  struct Form {
    ConvShape stem;  ///< at width 1
    std::array<int, 7> strides;
    bool bias;       ///< of the blocks' and the last convolution
    double ceiling;  ///< of the activations: 6, or infinite
    std::int64_t (*scaled)(double channels);
    ConvNormNames stem_names, last_names;
    Names (*names)(const Place& place);
    bool (*is_feature)(const Place& place);
    bool last_is_feature;
  };

  /// Registers all but the head, with `width` as factor on all widths, the last of which only
  /// grows; returns that one.
  std::int64_t build(const Form& form, double width);
  /// Normal weights for convolutions and head, no biases.
  void init_normal(torch::nn::Linear head);
  Output forward_trunk(const Batch& batch) override;

 private:
  struct Block {
    Block(torch::nn::Module& root, const Names& names, std::int64_t in, std::int64_t hidden,
          std::int64_t out, std::int64_t stride, const Form& form);
    Tensor operator()(const Tensor& x) const;

    double ceiling;
    std::optional<ConvNorm> expand;
    ConvNorm depthwise, project;
    bool skips, is_feature = false;
  };

  double ceiling_ = 6;
  bool last_is_feature_ = true;
  std::optional<ConvNorm> stem_, last_;
  std::vector<Block> blocks_;
  std::string takes_;
  std::vector<std::string> preact_norms_;
};

/// The nearest multiple of 8 that is not below 0.9 of it: torchvision's `_make_divisible`.
KTB_API std::int64_t multiple_of_8(double channels);

}  // namespace ktb
