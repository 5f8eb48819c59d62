// Never comes back.
#include <chrono>
#include <thread>

#include "broken.hpp"

namespace {

class Hangs final : public Broken {
 public:
  using Broken::Broken;

 protected:
  ktb::Tensor misbehave(const ktb::Tensor& loss) override {
    for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
    return loss;
  }
};

}  // namespace

KTB_METHOD(Hangs, "never ends a step", "made for tests")
