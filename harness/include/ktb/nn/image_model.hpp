#pragma once
#include <torch/nn/modules/linear.h>

#include <string>
#include <vector>

#include "ktb/model.hpp"

namespace ktb {

/// A network that reads the input `image` [c, h, w], or another one of that form,
/// and ends in one linear layer.
class KTB_API ImageModel : public Model {
 public:
  /// Throws Error where the task has no such input, or wants more than one prediction an example.
  explicit ImageModel(const TaskSpec& task, const std::string& input = "image");
  ~ImageModel() override;

  std::string head_name() const override { return head_name_; }
  std::vector<InputSpec> reads() const override { return {image_}; }

 protected:
  /// [c, h, w]
  const std::vector<std::int64_t>& image_shape() const { return image_.shape; }
  std::int64_t channels() const { return image_.shape[0]; }
  /// Registers a linear layer of that input width under a dotted name. After the trunk, so that
  /// parameters are in the usual order.
  torch::nn::Linear add_head(const std::string& name, std::int64_t width);
  Tensor forward_head(const Output& output) override;

 private:
  InputSpec image_;
  std::string head_name_;
  torch::nn::Linear head_{nullptr};
};

/// One that takes images of any height and width, because it averages its last map over them, and
/// whose every convolution is followed by a batch normalisation, if it does not override that.
class KTB_API ConvNet : public ImageModel {
 public:
  using ImageModel::ImageModel;
  ~ConvNet() override;

  std::vector<InputSpec> reads() const override;
  bool normalised_after(const std::string& parameter) const override;

 protected:
  /// Normal weights of variance 2 / (out * kernel area) for all convolutions (He et al.,
  /// arXiv 1502.01852) and no bias, in the place of PyTorch's default.
  void init_convolutions();
  /// [B, d]: the mean over the positions of [B, d, h, w].
  static Tensor averaged(const Tensor& map);
};

}  // namespace ktb
