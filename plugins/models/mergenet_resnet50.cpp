// ResNet-50 with a stem for small images: 3x3, stride 1, no max-pool. Two public definitions
// compute the same and differ in names and initialisation: Fantasylii/mergenet (from
// weiaicunzai/pytorch-cifar100) and HobbitLong/RepDistiller.
#include <array>
#include <string>

#include "ktb/nn/residual.hpp"
#include "ktb/plugin.hpp"

namespace {

class Resnet50 final : public ktb::ResidualNet {
 public:
  Resnet50(const ktb::TaskSpec& task, ktb::Options& options) : ResidualNet(task) {
    const bool mergenet = options.get("definition", "mergenet",
                                      "whose parameter names and initialisation: PyTorch's "
                                      "default (mergenet) or He's (repdistiller)",
                                      {"mergenet", "repdistiller"}) == "mergenet";
    Names names = {{{"conv1", "bn1"}, {"conv2", "bn2"}, {"conv3", "bn3"}}, "shortcut"};
    if (mergenet)
      names.layers = {{"residual_function.0", "residual_function.1"},
                      {"residual_function.3", "residual_function.4"},
                      {"residual_function.6", "residual_function.7"}};
    const auto stage_name = [&](int stage) {
      return mergenet ? "conv" + std::to_string(stage + 2) + "_x"
                      : "layer" + std::to_string(stage + 1);
    };

    add_stem(
        mergenet ? ktb::ConvNormNames{"conv1.0", "conv1.1"} : ktb::ConvNormNames{"conv1", "bn1"},
        {.in = channels(), .out = 64, .kernel = 3});
    constexpr std::array kBlocks = {3, 4, 6, 3};
    for (int stage = 0; stage < 4; ++stage)
      add_stage(stage_name(stage), names, kBlocks[stage], 64 << stage, stage > 0 ? 2 : 1);
    add_head(mergenet ? "fc" : "linear", width());
    if (!mergenet) init_convolutions();
  }
};

}  // namespace

KTB_MODEL(Resnet50, "ResNet-50 for 32x32 images", "He et al., arXiv 1512.03385",
          "alias cifar_resnet50 definition=repdistiller\n")
