#include <torch/nn/modules/linear.h>

#include <string>

#include "ktb/blocks.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Output;

/// Reads a state of any shape as one vector.
class StateMlp final : public ktb::Model {
 public:
  StateMlp(const ktb::TaskSpec& task, ktb::Options& options) : Model(task) {
    const auto widths = options.get("widths", std::vector<std::int64_t>{128, 128},
                                    "width of each hidden layer", {.least = 1});
    tanh_ = options.get("activation", "relu", "between layers", {"relu", "tanh"}) == "tanh";
    std::int64_t in = 1;
    for (const auto extent : task.input("state").shape) in *= extent;
    for (const auto out : widths) {
      const auto name = "hidden." + std::to_string(hidden_.size());
      hidden_.push_back(ktb::add_layer(*this, name, torch::nn::Linear(in, out)));
      in = out;
    }
    fc_ = ktb::add_layer(*this, "fc", torch::nn::Linear(in, task.outputs));
  }

  std::string head_name() const override { return "fc"; }
  std::string takes() const override {
    return "hidden." + std::to_string(hidden_.size() - 1) + ".weight";
  }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    auto x = batch.x.at("state").flatten(1);
    for (auto& layer : hidden_) {
      out.preacts.push_back(layer->forward(x));
      x = tanh_ ? out.preacts.back().tanh() : out.preacts.back().relu();
      out.features.push_back(x);
    }
    out.pooled = x;
    return out;
  }
  ktb::Tensor forward_head(const Output& output) override { return fc_->forward(output.pooled); }

 private:
  bool tanh_ = false;
  std::vector<torch::nn::Linear> hidden_;
  torch::nn::Linear fc_{nullptr};
};

}  // namespace

KTB_MODEL(StateMlp, "fully connected layers on the state of an environment",
          "Mnih et al., Nature 518, 2015", "")
