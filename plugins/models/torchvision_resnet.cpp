// ResNets for large images with torchvision's parameter names and initialisation: a 7x7 stem of
// stride 2 and a max-pool in front of the stages.
#include <ATen/ops/max_pool2d.h>

#include <array>
#include <map>
#include <string>

#include "ktb/nn/residual.hpp"
#include "ktb/plugin.hpp"

namespace {

/// Blocks of each stage by the network's depth; from 50 on they are bottlenecks.
const std::map<std::int64_t, std::array<int, 4>> kDepths = {{18, {2, 2, 2, 2}},
                                                            {34, {3, 4, 6, 3}},
                                                            {50, {3, 4, 6, 3}},
                                                            {101, {3, 4, 23, 3}},
                                                            {152, {3, 8, 36, 3}}};

class TorchvisionResnet final : public ktb::ResidualNet {
 public:
  TorchvisionResnet(const ktb::TaskSpec& task, ktb::Options& options) : ResidualNet(task) {
    const auto depth = options.get("depth", 18, "layers: 18, 34, 50, 101, 152", {.least = 18});
    const auto& blocks = ktb::chosen(kDepths, "depth", depth);

    Names names = {{{"conv1", "bn1"}, {"conv2", "bn2"}}, "downsample"};
    if (depth >= 50) names.layers.push_back({"conv3", "bn3"});
    add_stem({"conv1", "bn1"}, {.in = channels(), .out = 64, .kernel = 7, .stride = 2});
    for (int stage = 0; stage < 4; ++stage)
      add_stage("layer" + std::to_string(stage + 1), names, blocks[stage], 64 << stage,
                stage > 0 ? 2 : 1);
    add_head("fc", width());
    init_convolutions();
  }

 protected:
  ktb::Tensor after_stem(const ktb::Tensor& map) const override {
    return at::max_pool2d(map, 3, 2, 1);
  }
};

}  // namespace

KTB_MODEL(TorchvisionResnet, "torchvision's ResNets for large images",
          "He et al., arXiv 1512.03385",
          "alias torchvision_resnet18 depth=18\n"
          "alias torchvision_resnet34 depth=34\n"
          "alias torchvision_resnet50 depth=50\n")
