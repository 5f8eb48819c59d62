// Registers well, but cannot be made.
#include "broken.hpp"

namespace {

class ThrowsOnConstruction final : public ktb::Method {
 public:
  explicit ThrowsOnConstruction(ktb::Options&) { throw ktb::Error("there is no codebook"); }
  ktb::Terms losses(ktb::Step& step) override { return {{"task", step.task_loss()}}; }
};

}  // namespace

KTB_METHOD(ThrowsOnConstruction, "throws in its constructor", "made for tests")
