#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Output;

/// One convolution, one hidden layer.
class MinAtarCnn final : public ktb::ImageModel {
 public:
  MinAtarCnn(const ktb::TaskSpec& task, ktb::Options& options) : ImageModel(task, "state") {
    const auto maps = options.get("maps", 16, "of the convolution", {.least = 1});
    const auto width = options.get("width", 128, "of the hidden layer", {.least = 1});
    const ktb::ConvShape shape = {
        .in = channels(), .out = maps, .kernel = 3, .padding = 0, .bias = true};
    conv_ = ktb::add_conv(*this, "conv", shape);
    const auto cells = (image_shape()[1] - 2) * (image_shape()[2] - 2);
    hidden_ = ktb::add_layer(*this, "hidden", torch::nn::Linear(maps * cells, width));
    add_head("fc", width);
  }

  std::string takes() const override { return "hidden.weight"; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    out.preacts = {conv_->forward(batch.x.at("state"))};
    out.features = {out.preacts[0].relu()};
    out.pooled = hidden_->forward(out.features[0].flatten(1)).relu();
    return out;
  }

 private:
  ktb::Convolution conv_{nullptr};
  torch::nn::Linear hidden_{nullptr};
};

}  // namespace

KTB_MODEL(MinAtarCnn, "one convolution and one hidden layer on a 10 x 10 grid",
          "Young and Tian, 2019, arXiv 1903.03176", "")
