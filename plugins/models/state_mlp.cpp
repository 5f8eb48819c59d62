#include <optional>
#include <string>

#include "ktb/nn/blocks.hpp"
#include "ktb/nn/linear_stages.hpp"
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
    hidden_.emplace(*this, "hidden.", task.input("state").shape, widths);
    fc_ = ktb::add_layer(*this, "fc", torch::nn::Linear(hidden_->width(), task.outputs));
  }

  std::string head_name() const override { return "fc"; }
  std::string takes() const override { return hidden_->last_matrix(); }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    return (*hidden_)(batch.x.at("state"), tanh_);
  }
  ktb::Tensor forward_head(const Output& output) override { return fc_->forward(output.pooled); }

 private:
  bool tanh_ = false;
  std::optional<ktb::LinearStages> hidden_;
  torch::nn::Linear fc_{nullptr};
};

}  // namespace

KTB_MODEL(StateMlp, "fully connected layers on the state of an environment",
          "Mnih et al., Nature 518, 2015", "")
