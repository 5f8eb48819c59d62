// MobileNetV2 of half width for CIFAR, as in HobbitLong/RepDistiller, whose network mdistiller
// shares: a stem of stride 2, ReLU without a ceiling, no bias in convolutions.
#include <cmath>
#include <string>

#include "ktb/nn/mobilenet.hpp"
#include "ktb/plugin.hpp"

namespace {

class MobileNetV2Half final : public ktb::MobileNetV2 {
 public:
  MobileNetV2Half(const ktb::TaskSpec& task, ktb::Options& options) : MobileNetV2(task) {
    const auto width =
        options.get("width", 0.5, "factor on all widths, cut off; the last one, 1280, only grows",
                    {.least = 0.1, .most = 8});
    const Form form = {
        .stem = {.in = channels(), .out = 32, .kernel = 3, .stride = 2},
        .strides = {1, 1, 2, 2, 1, 2, 1},
        .bias = false,
        .ceiling = INFINITY,
        .scaled = +[](double channels) { return static_cast<std::int64_t>(channels); },
        .stem_names = {"conv1.0", "conv1.1"},
        .last_names = {"conv2.0", "conv2.1"},
        .names =
            +[](const Place& place) {
              const auto at = "blocks." + std::to_string(place.stage) + "." +
                              std::to_string(place.index) + ".conv.";
              return Names{{at + "0", at + "1"}, {at + "3", at + "4"}, {at + "6", at + "7"}};
            },
        // The last maps of four resolutions.
        .is_feature =
            +[](const Place& place) {
              return place.last &&
                     (place.stage == 1 || place.stage == 2 || place.stage == 4 || place.stage == 6);
            },
        .last_is_feature = false};
    init_normal(add_head("classifier.0", build(form, width)));
  }
};

}  // namespace

KTB_MODEL(MobileNetV2Half, "MobileNetV2 of half width for 32x32 images",
          "Sandler et al., arXiv 1801.04381", "alias mobilenetv2_1_0 width=1.0\n")
