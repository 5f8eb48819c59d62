// Its loss becomes NaN.
#include <cmath>

#include "broken.hpp"

namespace {

class Diverges final : public Broken {
 public:
  using Broken::Broken;

 protected:
  ktb::Tensor misbehave(const ktb::Tensor& loss) override { return loss * NAN; }
};

}  // namespace

KTB_METHOD(Diverges, "its loss becomes NaN", "made for tests")
