// The thin ResNets for CIFAR of He et al., section 4.2, with projection shortcuts (type B). Widths,
// names and initialisation are those of HobbitLong/RepDistiller, whose networks mdistiller shares.
#include <string>

#include "ktb/nn/residual.hpp"
#include "ktb/plugin.hpp"

namespace {

class Resnet final : public ktb::ResidualNet {
 public:
  Resnet(const ktb::TaskSpec& task, ktb::Options& options) : ResidualNet(task) {
    const auto depth = options.get(
        "depth", 20, "layers, 6 n + 2 with n blocks a stage: 8, 14, 20, 32, 44, 56, 110",
        {.least = 8, .most = 1202});
    if (depth % 6 != 2)
      throw ktb::OptionError("depth", "option `depth` is " + std::to_string(depth) +
                                          ", not 6 n + 2; known: 8, 14, 20, 32, 44, 56, 110");
    const auto factor = options.get(
        "width", 1, "factor on the stages' widths 16, 32, 64; the stem has 16, above 1 32",
        {.least = 1, .most = 64});

    const Names names = {{{"conv1", "bn1"}, {"conv2", "bn2"}}, "downsample"};
    add_stem({"conv1", "bn1"}, {.in = channels(), .out = factor == 1 ? 16 : 32, .kernel = 3});
    for (const int stage : {1, 2, 3})
      add_stage("layer" + std::to_string(stage), names, (depth - 2) / 6, factor * (8 << stage),
                stage > 1 ? 2 : 1);
    add_head("fc", width());
    init_convolutions();
  }
};

}  // namespace

KTB_MODEL(Resnet, "thin ResNets for 32x32 images; x4: four times as wide",
          "He et al., arXiv 1512.03385",
          "alias resnet8 depth=8\n"
          "alias resnet14 depth=14\n"
          "alias resnet20 depth=20\n"
          "alias resnet32 depth=32\n"
          "alias resnet44 depth=44\n"
          "alias resnet56 depth=56\n"
          "alias resnet110 depth=110\n"
          "alias resnet8x4 depth=8 width=4\n"
          "alias resnet32x4 depth=32 width=4\n")
