// Asks for more memory than any machine has.
#include <ATen/ops/empty.h>

#include "broken.hpp"

namespace {

class ExhaustsMemory final : public Broken {
 public:
  using Broken::Broken;

 protected:
  ktb::Tensor misbehave(const ktb::Tensor& loss) override {
    return loss + at::empty({std::int64_t{1} << 50}).sum();
  }
};

}  // namespace

KTB_METHOD(ExhaustsMemory, "asks for a petabyte in a step", "made for tests")
