// MobileNetV2 for small images as in Fantasylii/mergenet (from weiaicunzai/pytorch-cifar100): a 1x1
// stem whose padding of 1 makes 34 of 32, and a bias in every convolution.
#include <string>

#include "ktb/nn/mobilenet.hpp"
#include "ktb/plugin.hpp"

namespace {

class MergenetMobileNetV2 final : public ktb::MobileNetV2 {
 public:
  MergenetMobileNetV2(const ktb::TaskSpec& task, ktb::Options& options) : MobileNetV2(task) {
    const auto width = options.get("width", 1.0,
                                   "factor on all widths, to multiples of 8; the last one, 1280, "
                                   "only grows",
                                   {.least = 0.1, .most = 8});
    const Form form = {
        .stem = {.in = channels(), .out = 32, .padding = 1, .bias = true},
        .strides = {1, 2, 2, 2, 1, 1, 1},
        .bias = true,
        .ceiling = 6,
        .scaled = ktb::multiple_of_8,
        .stem_names = {"pre.0", "pre.1"},
        .last_names = {"conv1.0", "conv1.1"},
        .names =
            +[](const Place& place) {
              auto at = "stage" + std::to_string(place.stage + 1) + ".";
              if (!place.alone) at += std::to_string(place.index) + ".";
              at += "residual.";
              return Names{{at + "0", at + "1"}, {at + "3", at + "4"}, {at + "6", at + "7"}};
            },
        .is_feature = +[](const Place& place) { return place.last; },
        .last_is_feature = true};
    add_head("linear", build(form, width));
  }
};

}  // namespace

KTB_MODEL(MergenetMobileNetV2, "MobileNetV2 for 32x32 images, the target of MergeNet",
          "Sandler et al., arXiv 1801.04381", "")
