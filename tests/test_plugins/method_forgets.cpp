// Keeps what it has learnt where no checkpoint sees it.
#include "ktb/plugin.hpp"

namespace {

class Forgets final : public ktb::Method {
 public:
  explicit Forgets(ktb::Options&) {}
  ktb::MethodNeeds needs() const override {
    return {.modes = {ktb::Mode::kNone}, .least = 0, .most = 0};
  }
  ktb::Terms losses(ktb::Step& step) override {
    weight_ += 0.5;
    return {{"task", weight_ * step.task_loss()}};
  }

 private:
  double weight_ = 1;
};

}  // namespace

KTB_METHOD(Forgets, "keeps a number that no checkpoint sees", "made for tests")
