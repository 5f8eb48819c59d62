// ResNet-50 with a stem for small images: 3x3, stride 1, no max-pool. Two public definitions
// compute the same and differ in names and initialisation: Fantasylii/mergenet (from
// weiaicunzai/pytorch-cifar100) and HobbitLong/RepDistiller.
#include <array>
#include <optional>
#include <string>

#include "ktb/blocks.hpp"
#include "ktb/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::ConvNorm;
using ktb::Output;
using ktb::Tensor;
using Pair = std::array<std::string, 2>;  // a convolution and its normalisation

struct Names {
  Pair stem;
  std::array<std::string, 4> stages;
  std::array<Pair, 3> layers;  // of one block
  std::string head;
};

const Names kMergenet = {{"conv1.0", "conv1.1"},
                         {"conv2_x", "conv3_x", "conv4_x", "conv5_x"},
                         {{{"residual_function.0", "residual_function.1"},
                           {"residual_function.3", "residual_function.4"},
                           {"residual_function.6", "residual_function.7"}}},
                         "fc"};
const Names kRepDistiller = {{"conv1", "bn1"},
                             {"layer1", "layer2", "layer3", "layer4"},
                             {{{"conv1", "bn1"}, {"conv2", "bn2"}, {"conv3", "bn3"}}},
                             "linear"};

constexpr std::int64_t kExpansion = 4;

struct Bottleneck {
  Bottleneck(torch::nn::Module& root, const std::string& at, const std::array<Pair, 3>& names,
             std::int64_t in, std::int64_t width, std::int64_t stride)
      : reduce(root, at + names[0][0], at + names[0][1], {.in = in, .out = width}),
        spatial(root, at + names[1][0], at + names[1][1],
                {.in = width, .out = width, .kernel = 3, .stride = stride}),
        expand(root, at + names[2][0], at + names[2][1], {.in = width, .out = kExpansion * width}) {
    if (stride != 1 || in != kExpansion * width)
      shortcut.emplace(root, at + "shortcut.0", at + "shortcut.1",
                       ktb::ConvShape{.in = in, .out = kExpansion * width, .stride = stride});
  }

  Tensor operator()(const Tensor& x) const {
    return expand(spatial(reduce(x).relu_()).relu_()).add_(shortcut ? (*shortcut)(x) : x);
  }

  ConvNorm reduce, spatial, expand;
  std::optional<ConvNorm> shortcut;
};

class Resnet50 final : public ktb::ConvNet {
 public:
  Resnet50(const ktb::TaskSpec& task, ktb::Options& options) : ConvNet(task) {
    const auto definition = options.get("definition", "mergenet",
                                        "whose parameter names and initialisation: PyTorch's "
                                        "default (mergenet) or He's (repdistiller)",
                                        {"mergenet", "repdistiller"});
    const auto& names = definition == "mergenet" ? kMergenet : kRepDistiller;

    std::int64_t in = 64;
    stem_.emplace(*this, names.stem[0], names.stem[1],
                  ktb::ConvShape{.in = channels(), .out = in, .kernel = 3});
    constexpr std::array kBlocks = {3, 4, 6, 3};
    for (std::size_t stage = 0; stage < kBlocks.size(); ++stage) {
      const std::int64_t width = 64 << stage;
      auto& blocks = stages_.emplace_back();
      for (int i = 0; i < kBlocks[stage]; ++i, in = kExpansion * width) {
        const auto at = names.stages[stage] + "." + std::to_string(i) + ".";
        blocks.emplace_back(*this, at, names.layers, in, width, i == 0 && stage > 0 ? 2 : 1);
        takes_ = at + names.layers[2][0] + ".weight";
      }
    }
    add_head(names.head, in);
    if (definition == "repdistiller") init_convolutions();
  }

  std::string takes() const override { return takes_; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    out.features = {(*stem_)(batch.x.at("image")).relu_()};
    out.preacts.resize(1);  // as in the original, the stem offers no map before its activation
    for (const auto& stage : stages_) ktb::run_residual_stage(stage, out);
    out.pooled = averaged(out.features.back());
    return out;
  }

 private:
  std::optional<ConvNorm> stem_;
  std::vector<std::vector<Bottleneck>> stages_;
  std::string takes_;
};

}  // namespace

KTB_MODEL(Resnet50, "ResNet-50 for 32x32 images", "He et al., arXiv 1512.03385",
          "alias cifar_resnet50 definition=repdistiller\n")
