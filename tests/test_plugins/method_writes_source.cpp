// Writes into a source that is frozen.
#include <torch/utils.h>

#include "ktb/plugin.hpp"

namespace {

class WritesSource final : public ktb::Method {
 public:
  explicit WritesSource(ktb::Options&) {}
  ktb::Terms losses(ktb::Step& step) override { return {{"task", step.task_loss()}}; }
  void after(ktb::Step&) override {
    const torch::NoGradGuard no_grad;
    t().given().mul_(0.5);
  }
};

}  // namespace

KTB_METHOD(WritesSource, "writes into a frozen source", "made for tests")
