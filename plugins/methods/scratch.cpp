// Training alone: the baseline of every table.
#include "ktb/plugin.hpp"

namespace {

class Scratch final : public ktb::Method {
 public:
  explicit Scratch(ktb::Options&) {}

  ktb::MethodNeeds needs() const override { return ktb::no_source(); }
  ktb::Terms losses(ktb::Step& step) override { return {{"task", step.task_loss()}}; }
};

}  // namespace

KTB_METHOD(Scratch, "training alone, without a source", "the usual baseline")
