#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"

namespace ktb {

/// A network of a stem and stages of residual blocks that end in a sum and ReLU (He et al.,
/// arXiv 1512.03385). The public definitions differ in names, stems, depths and widths.
class KTB_API ResidualNet : public ConvNet {
 public:
  using ConvNet::ConvNet;
  ~ResidualNet() override;

  std::string takes() const override { return takes_; }
  std::vector<std::string> preact_norms() const override { return preact_norms_; }

 protected:
  /// Two layers: 3x3 and 3x3; three: the bottleneck 1x1, 3x3 and 1x1 of four times the width.
  struct Names {
    std::vector<ConvNormNames> layers;
    std::string shortcut;  ///< of the projection where shapes change: `downsample`
  };

  void add_stem(const ConvNormNames& names, const ConvShape& shape);
  /// Appends a stage of `blocks` blocks called `at`.0, `at`.1 and so on,
  /// the first of which has the stride.
  void add_stage(const std::string& at, const Names& names, std::int64_t blocks, std::int64_t width,
                 std::int64_t stride);
  /// Channels of the last map so far.
  std::int64_t width() const { return width_; }
  /// What the first stage gets of the stem's map.
  virtual Tensor after_stem(const Tensor& map) const { return map; }
  Output forward_trunk(const Batch& batch) override;

 private:
  struct Block {
    Block(torch::nn::Module& root, const std::string& at, const Names& names, std::int64_t in,
          std::int64_t width, std::int64_t stride);
    /// The sum in front of the ReLU.
    Tensor operator()(const Tensor& x) const;

    std::vector<ConvNorm> layers;
    std::optional<ConvNorm> shortcut;
  };

  std::optional<ConvNorm> stem_;
  std::vector<std::vector<Block>> stages_;
  std::int64_t width_ = 0;
  std::string takes_;
  std::vector<std::string> preact_norms_;
};

}  // namespace ktb
