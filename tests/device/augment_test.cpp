// Random numbers of augmentation that were drawn ahead are those of the step.
#include "run/data/augment.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "device/place.hpp"
#include "run/train/cuda_module.hpp"
#include "run/train/host.hpp"

namespace ktb::tests {
namespace {

using run::Augment;

const Augment::Stream kStream{"toy", 1};

TEST(AugmentAhead, GivesWhatTheStepWouldDraw) {
  const auto images = torch::arange(6 * 8 * 10).remainder(251).to(at::kByte).view({6, 8, 10, 1});
  Augment ahead({"crop4", "flip", "rotate15"});
  const Augment plain({"crop4", "flip", "rotate15"});
  ahead.ahead(kStream, 7, {6, 6, 4}, device());
  for (const std::int64_t step : {7, 8, 9, 10}) {
    const auto batch = step == 9 ? images.slice(0, 0, 4) : images;
    const auto there = ahead(batch.to(device()), kStream, step).cpu();
    EXPECT_TRUE(at::allclose(there, plain(batch, kStream, step), 1e-5, 1e-5)) << step;
    if (run::cuda_module().exact()) {
      EXPECT_TRUE(there.equal(plain(batch, kStream, step))) << step;
    }
  }
}

TEST(AugmentAhead, NobodyWaitsInAStep) {
  if (run::waits(device()) < 0) GTEST_SKIP() << "the device does not count waits";
  const auto images = torch::zeros({6, 8, 10, 1}, at::kByte).to(device());
  Augment augment({"crop4", "flip", "rotate15"});
  augment.ahead(kStream, 0, {6}, device());
  const auto before = run::waits(device());
  augment(images, kStream, 0);
  EXPECT_EQ(run::waits(device()), before);
}

}  // namespace
}  // namespace ktb::tests
