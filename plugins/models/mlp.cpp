#include <string>

#include "ktb/blocks.hpp"
#include "ktb/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Output;

class Mlp final : public ktb::ImageModel {
 public:
  Mlp(const ktb::TaskSpec& task, ktb::Options& options) : ImageModel(task) {
    const auto width = options.get("width", 256, "width of each hidden layer", {.least = 1});
    const auto depth = options.get("depth", 2, "number of hidden layers", {.least = 1});
    auto widths = options.get("widths", std::vector<std::int64_t>{},
                              "width of each hidden layer, in the place of `width` and `depth`",
                              {.least = 1});
    if (widths.empty()) widths.assign(depth, width);

    std::int64_t in = 1;
    for (const auto extent : image_shape()) in *= extent;
    for (const auto out : widths) {
      const auto name = "hidden." + std::to_string(hidden_.size());
      hidden_.push_back(ktb::add_layer(*this, name, torch::nn::Linear(in, out)));
      in = out;
    }
    add_head("fc", in);
  }

  std::string takes() const override {
    return "hidden." + std::to_string(hidden_.size() - 1) + ".weight";
  }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    auto x = batch.x.at("image").flatten(1);
    for (auto& layer : hidden_) {
      out.preacts.push_back(layer->forward(x));
      x = out.preacts.back().relu();
      out.features.push_back(x);
    }
    out.pooled = x;
    return out;
  }

 private:
  std::vector<torch::nn::Linear> hidden_;
};

}  // namespace

KTB_MODEL(Mlp, "fully connected layers with ReLU on the flattened image",
          "Rumelhart et al., Nature 323, 1986", "")
