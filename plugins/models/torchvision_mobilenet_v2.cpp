// MobileNetV2 for large images with torchvision's parameter names and initialisation.
#include <ATen/ops/dropout.h>

#include <string>

#include "ktb/nn/mobilenet.hpp"
#include "ktb/plugin.hpp"

namespace {

class TorchvisionMobileNetV2 final : public ktb::MobileNetV2 {
 public:
  TorchvisionMobileNetV2(const ktb::TaskSpec& task, ktb::Options& options) : MobileNetV2(task) {
    const auto width =
        options.get("width_mult", 1.0,
                    "factor on all widths, to multiples of 8; the last one, 1280, only grows",
                    {.least = 0.1, .most = 8});
    dropout_ =
        options.get("dropout", 0.0, "rate in front of the head; torchvision's default is 0.2",
                    {.least = 0, .most = 0.99});
    const Form form = {
        .stem = {.in = channels(), .out = 32, .kernel = 3, .stride = 2},
        .strides = {1, 2, 2, 2, 1, 2, 1},
        .bias = false,
        .ceiling = 6,
        .scaled = ktb::multiple_of_8,
        .stem_names = {"features.0.0", "features.0.1"},
        .last_names = {"features.18.0", "features.18.1"},
        .names =
            +[](const Place& place) {
              const auto at = "features." + std::to_string(place.number + 1) + ".conv.";
              // The first block expands nothing and leaves that layer out.
              if (place.number == 0)
                return Names{{}, {at + "0.0", at + "0.1"}, {at + "1", at + "2"}};
              return Names{
                  {at + "0.0", at + "0.1"}, {at + "1.0", at + "1.1"}, {at + "2", at + "3"}};
            },
        .is_feature = +[](const Place&) { return true; },
        .last_is_feature = true};
    init_normal(add_head("classifier.1", build(form, width)));
  }

 protected:
  ktb::Tensor forward_head(const ktb::Output& output) override {
    auto dropped = output;
    dropped.pooled = at::dropout(output.pooled, dropout_, is_training());
    return MobileNetV2::forward_head(dropped);
  }

 private:
  double dropout_;
};

}  // namespace

KTB_MODEL(TorchvisionMobileNetV2, "torchvision's MobileNetV2 for large images",
          "Sandler et al., arXiv 1801.04381", "")
