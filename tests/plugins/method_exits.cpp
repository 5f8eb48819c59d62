// Ends the process as if all were well.
#include <cstdlib>

#include "broken.hpp"

namespace {

class Exits final : public Broken {
 public:
  using Broken::Broken;

 protected:
  ktb::Tensor misbehave(const ktb::Tensor& loss) override { std::exit(loss.defined() ? 0 : 1); }
};

}  // namespace

KTB_METHOD(Exits, "exits with code 0 in a step", "made for tests")
