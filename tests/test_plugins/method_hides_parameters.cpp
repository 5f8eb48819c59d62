// Predicts with a layer of its own that it does not declare as deployed.
#include <torch/nn/modules/linear.h>

#include "ktb/plugin.hpp"

namespace {

class HidesParameters final : public ktb::Method {
 public:
  explicit HidesParameters(ktb::Options&) {}
  ktb::MethodNeeds needs() const override {
    return {.modes = {ktb::Mode::kNone}, .least = 0, .most = 0};
  }
  void attach() override {
    const auto outputs = t().pairing.task.outputs;
    mix_ = register_module("mix", torch::nn::Linear(outputs, outputs));
  }
  ktb::Terms losses(ktb::Step& step) override {
    return {{"task", step.lane().loss(mix_(step.target().pred))}};
  }
  ktb::Tensor predict(const ktb::Batch& batch) override { return mix_((*t().target)(batch).pred); }

 private:
  torch::nn::Linear mix_{nullptr};
};

}  // namespace

KTB_METHOD(HidesParameters, "predicts with a layer that it does not declare", "made for tests")
