// VGG for CIFAR with batch normalisation and one linear layer. Names, initialisation and feature
// convention are those of HobbitLong/RepDistiller, whose networks mdistiller shares.
#include <ATen/ops/max_pool2d.h>
#include <torch/nn/init.h>

#include <array>
#include <map>
#include <string>

#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Output;
using ktb::Tensor;

constexpr std::array kWidths = {64, 128, 256, 512, 512};
/// Layers of each block by the network's depth.
const std::map<std::int64_t, std::array<int, 5>> kDepths = {{8, {1, 1, 1, 1, 1}},
                                                            {11, {1, 1, 2, 2, 2}},
                                                            {13, {2, 2, 2, 2, 2}},
                                                            {16, {2, 2, 3, 3, 3}},
                                                            {19, {2, 2, 4, 4, 4}}};

class Vgg final : public ktb::ConvNet {
 public:
  Vgg(const ktb::TaskSpec& task, ktb::Options& options) : ConvNet(task) {
    const auto depth = options.get("depth", 8, "layers: 8, 11, 13, 16, 19", {.least = 8});
    const auto& layers = ktb::chosen(kDepths, "depth", depth);

    std::int64_t in = channels();
    for (std::size_t k = 0; k < kWidths.size(); ++k) {
      auto& block = blocks_.emplace_back();
      for (int i = 0; i < layers[k]; ++i, in = kWidths[k]) {
        const auto name = [&](int part) {
          return "block" + std::to_string(k) + "." + std::to_string(3 * i + part);
        };
        block.emplace_back(*this, name(0), name(1),
                           ktb::ConvShape{.in = in, .out = kWidths[k], .kernel = 3, .bias = true});
        last_conv_ = name(0);
        last_norms_[k] = name(1);
      }
    }
    auto head = add_head("classifier", in);
    init_convolutions();
    torch::nn::init::normal_(head->weight, 0, 0.01);
    torch::nn::init::zeros_(head->bias);
  }

  std::string takes() const override { return last_conv_ + ".weight"; }
  std::vector<std::string> preact_norms() const override {
    std::vector<std::string> norms(last_norms_.begin(), last_norms_.end());
    norms[0].clear();
    return norms;
  }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    auto x = batch.x.at("image");
    const bool large = x.size(2) == 64;  // the original's rule for a fourth pooling
    for (std::size_t k = 0; k < blocks_.size(); ++k) {
      for (const auto& layer : blocks_[k]) x = layer(&layer == &blocks_[k].front() ? x : x.relu_());
      // As in the original, the first block offers no map before its activation.
      out.preacts.push_back(k == 0 ? Tensor() : x);
      out.features.push_back(x = k == 0 ? x.relu_() : x.relu());
      if (k < 3 || (k == 3 && large)) x = at::max_pool2d(x, 2, 2);
    }
    out.pooled = averaged(x);
    return out;
  }

 private:
  std::vector<std::vector<ktb::ConvNorm>> blocks_;
  std::string last_conv_;
  std::array<std::string, 5> last_norms_;
};

}  // namespace

KTB_MODEL(Vgg, "VGG with batch normalisation for 32x32 images",
          "Simonyan and Zisserman, arXiv 1409.1556",
          "alias vgg8 depth=8\n"
          "alias vgg11 depth=11\n"
          "alias vgg13 depth=13\n"
          "alias vgg16 depth=16\n"
          "alias vgg19 depth=19\n")
