// Draws random numbers that no seed rules.
#include <random>

#include "ktb/plugin.hpp"

namespace {

class RollsDice final : public ktb::Method {
 public:
  explicit RollsDice(ktb::Options&) {}
  ktb::MethodNeeds needs() const override {
    return {.modes = {ktb::Mode::kNone}, .least = 0, .most = 0};
  }
  ktb::Terms losses(ktb::Step& step) override {
    return {{"task", (1 + dice_() / 4294967296.0) * step.task_loss()}};
  }

 private:
  std::random_device dice_;
};

}  // namespace

KTB_METHOD(RollsDice, "draws numbers that no seed rules", "made for tests")
