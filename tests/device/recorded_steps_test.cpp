// A recorded step is the step: bit by bit where the device's kernels are the CPU's.
#include "run/train/record/recorded_steps.hpp"

#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <memory>
#include <string>
#include <utility>

#include "device/place.hpp"
#include "run/kit/world.hpp"
#include "run/train/cuda_module.hpp"

namespace ktb::tests {
namespace {

using namespace run;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t kSteps = 40;

/// A transfer on the device that has taken some steps, the rate falling from each to the next.
struct Trained {
  Trained(const std::string& method, KitPairing pairing, bool recorded,
          std::int64_t steps = kSteps) {
    Registry registry({plugin_dir(), test_plugin_dir()});
    pairing.device = device();
    session = kit_session(registry, method, pairing);
    LiveStep step(*session);
    RecordedSteps taking(*session, step);
    survey(*session, step);
    session->train(true);
    for (std::int64_t at = 0; at < steps; ++at) {
      for (auto& optimiser : session->optimisers)
        optimiser.set_factor(1.0 / static_cast<double>(at + 1));
      step.begin(at);
      losses = recorded ? taking.take(at) : train_step(*session, step);
    }
    told = taking.told();
  }

  std::unique_ptr<Session> session;
  Losses losses;
  std::string told;
};

KitPairing alone() { return {"alone", 4, 4, Mode::kNone, 0}; }
KitPairing taught() { return {"taught", 4, 4}; }

void expect_same(const Trained& recorded, const Trained& taken) {
  if (!cuda_module().exact()) return;
  EXPECT_EQ(first_difference(recorded.session->state(), taken.session->state()), "");
  EXPECT_TRUE(at::equal(recorded.losses.total, taken.losses.total));
}

struct RecordedMethods : testing::TestWithParam<const char*> {};

/// A recording that held the rate of its own step, or its random numbers, would differ.
TEST_P(RecordedMethods, TakeTheirSteps) {
  const std::string method = GetParam();
  const auto pairing = method == "scratch" ? alone() : taught();
  const Trained recorded(method, pairing, true), taken(method, pairing, false);
  EXPECT_EQ(recorded.told, "yes");
  expect_same(recorded, taken);
}

INSTANTIATE_TEST_SUITE_P(Some, RecordedMethods,
                         testing::Values("scratch", "kd", "mergenet", "crd", "dml", "fsp", "vid",
                                         "semckd", "zoo_tuning"),
                         [](const auto& info) { return std::string(info.param); });

/// Batches that no epoch repeats, so that nothing is kept of the source: a last one of one example
/// is left out.
KitPairing taught_anew() {
  return {.text = "anew", .source_width = 4, .target_width = 4, .batch = 13};
}

struct TwoStreams : testing::TestWithParam<const char*> {};

TEST_P(TwoStreams, GiveTheNumbersOfOne) {
  const std::string method = GetParam();
  const Trained recorded(method, taught_anew(), true), taken(method, taught_anew(), false);
  EXPECT_EQ(recorded.told, "yes, sources on a second stream");
  expect_same(recorded, taken);
}

INSTANTIATE_TEST_SUITE_P(Some, TwoStreams, testing::Values("kd", "vid", "ofd", "semckd"),
                         [](const auto& info) { return std::string(info.param); });

TEST(TwoStreams, AreOfSourcesThatDoNotLearn) {
  auto together = taught_anew();
  together.mode = Mode::kTrainedJoint;
  EXPECT_EQ(Trained("dml", together, true).told, "yes");
}

/// What reads the second stream before it is joined does so in a replay as well: with the numbers
/// of the replay before, on a device whose second stream is as slow as it may be.
TEST(SecondStream, ShowsWhoDoesNotWait) {
  auto& module = cuda_module();
  if (!module.exact()) GTEST_SKIP() << "a race of a real device need not show";
  const auto x = at::ones({3}, device());
  Tensor twice, early, late;
  module.start_recording({}, nullptr);
  module.start_aside([&] { twice = x * 2; });
  early = twice + 1;
  module.join_aside();
  late = twice + 1;
  const auto graph = module.end_recording();
  x.fill_(5);
  graph->replay();
  EXPECT_EQ(early[0].item<float>(), 3);
  EXPECT_EQ(late[0].item<float>(), 11);
}

TEST(SecondStream, MustBeJoinedBeforeARecordingEnds) {
  auto& module = cuda_module();
  const auto x = at::ones({3}, device());
  module.start_recording({}, nullptr);
  module.start_aside([&] { x.add_(1); });
  EXPECT_ANY_THROW(module.end_recording());
  module.drop_recording();
  module.start_aside([&] { x.add_(1); });  // and the next one is as ever
  module.join_aside();
}

TEST(RecordedSteps, WantSomeStepsOfAKind) {
  EXPECT_EQ(Trained("scratch", alone(), true, 3).told, "no: too few steps of a kind");
}

using Way = std::pair<const char*, const char*>;
struct Unrecorded : testing::TestWithParam<Way> {};

TEST_P(Unrecorded, IsTakenAsItIsAndSaysWhy) {
  const auto& [how, why] = GetParam();
  auto pairing = alone();
  pairing.options["how"] = std::string(how);
  const Trained recorded("unrecorded", pairing, true);
  EXPECT_THAT(recorded.told, StartsWith("no: "));
  EXPECT_THAT(recorded.told, HasSubstr(why));
  EXPECT_TRUE(recorded.losses.total.isfinite().item<bool>());
  // What it keeps of its own no harness can put back.
  if (std::string(how) != "replaces") expect_same(recorded, {"unrecorded", pairing, false});
}

INSTANTIATE_TEST_SUITE_P(Ways, Unrecorded,
                         testing::Values(Way("reads", "when stream is capturing"),
                                         Way("copies", "capturing"),
                                         Way("replaces", "its recorded steps are not its steps"),
                                         Way("differs", "says that its steps differ")),
                         [](const auto& info) { return std::string(info.param.first); });

}  // namespace
}  // namespace ktb::tests
