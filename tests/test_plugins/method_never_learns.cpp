// Its loss does not depend on the target's weights in a useful way: every gradient is zero.
#include "ktb/plugin.hpp"

namespace {

class NeverLearns final : public ktb::Method {
 public:
  explicit NeverLearns(ktb::Options&) {}
  ktb::MethodNeeds needs() const override {
    return {.modes = {ktb::Mode::kNone}, .least = 0, .most = 0};
  }
  ktb::Terms losses(ktb::Step& step) override { return {{"task", 0 * step.task_loss()}}; }
};

}  // namespace

KTB_METHOD(NeverLearns, "its gradients are zero", "made for tests")
