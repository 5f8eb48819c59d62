// Throws what is no std::exception.
#include "broken.hpp"

namespace {

class ThrowsANumber final : public Broken {
 public:
  using Broken::Broken;

 protected:
  ktb::Tensor misbehave(const ktb::Tensor& loss) override { throw static_cast<int>(loss.numel()); }
};

}  // namespace

KTB_METHOD(ThrowsANumber, "throws a number in a step", "made for tests")
