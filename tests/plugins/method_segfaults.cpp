// Writes where it must not.
#include "broken.hpp"

namespace {

class Segfaults final : public Broken {
 public:
  using Broken::Broken;

 protected:
  ktb::Tensor misbehave(const ktb::Tensor& loss) override {
    int* volatile nowhere = nullptr;
    *nowhere = 1;
    return loss;
  }
};

}  // namespace

KTB_METHOD(Segfaults, "writes to address 0 in a step", "made for tests")
