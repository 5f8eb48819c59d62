#include <optional>
#include <string>

#include "ktb/nn/image_model.hpp"
#include "ktb/nn/linear_stages.hpp"
#include "ktb/plugin.hpp"

namespace {

class Mlp final : public ktb::ImageModel {
 public:
  Mlp(const ktb::TaskSpec& task, ktb::Options& options) : ImageModel(task) {
    const auto width = options.get("width", 256, "width of each hidden layer", {.least = 1});
    const auto depth = options.get("depth", 2, "number of hidden layers", {.least = 1});
    auto widths = options.get("widths", std::vector<std::int64_t>{},
                              "width of each hidden layer, in the place of `width` and `depth`",
                              {.least = 1});
    if (widths.empty()) widths.assign(depth, width);
    hidden_.emplace(*this, "hidden.", image_shape(), widths);
    add_head("fc", hidden_->width());
  }

  std::string takes() const override { return hidden_->last_matrix(); }

 protected:
  ktb::Output forward_trunk(const ktb::Batch& batch) override {
    return (*hidden_)(batch.x.at("image"));
  }

 private:
  std::optional<ktb::LinearStages> hidden_;
};

}  // namespace

KTB_MODEL(Mlp, "fully connected layers with ReLU on the flattened image",
          "Rumelhart et al., Nature 323, 1986", "")
