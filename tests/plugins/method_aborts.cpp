// Aborts the process.
#include <cstdlib>

#include "broken.hpp"

namespace {

class Aborts final : public Broken {
 public:
  using Broken::Broken;

 protected:
  ktb::Tensor misbehave(const ktb::Tensor& loss) override {
    if (loss.defined()) std::abort();
    return loss;
  }
};

}  // namespace

KTB_METHOD(Aborts, "aborts in a step", "made for tests")
