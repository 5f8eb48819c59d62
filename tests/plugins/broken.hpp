#pragma once
#include "ktb/plugin.hpp"

/// Trains alone, needs no source, and does what its test is about in the third step: late enough
/// for a log and a progress file to exist.
class Broken : public ktb::Method {
 public:
  explicit Broken(ktb::Options&) {}

  ktb::Needs needs() const override { return {.modes = {ktb::Mode::kNone}, .least = 0, .most = 0}; }
  ktb::Terms losses(ktb::Step& step) override {
    auto loss = step.task_loss();
    if (step.index == 2) loss = misbehave(loss);
    return {{"task", loss}};
  }

 protected:
  /// What takes the place of the loss, if anything comes back.
  virtual ktb::Tensor misbehave(const ktb::Tensor& loss) = 0;
};
