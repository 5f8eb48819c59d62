// Throws in a step.
#include <stdexcept>

#include "broken.hpp"

namespace {

class Throws final : public Broken {
 public:
  using Broken::Broken;

 protected:
  ktb::Tensor misbehave(const ktb::Tensor& loss) override {
    throw std::runtime_error("no more steps for a loss of size " + std::to_string(loss.numel()));
  }
};

}  // namespace

KTB_METHOD(Throws, "throws in a step", "made for tests")
