#include "core/store/twins.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/store/made_results.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::SizeIs;

class TwinsTest : public testing::Test {
 protected:
  MadeResults made_;
  const Store first_ = made_.store("a"), second_ = made_.store("b");
};

TEST_F(TwinsTest, TrialsOfOneKeyArePairs) {
  const Plan plan = made_.plan();
  MadeResults::make(first_, plan);
  MadeResults::make(second_, plan);
  fs::remove(second_.folder(plan.trials[0].id).record());
  const auto paired = pair_up(first_, second_);
  ASSERT_THAT(paired.pairs, SizeIs(plan.trials.size() - 1));
  for (const auto& pair : paired.pairs) EXPECT_EQ(pair.first, pair.second);
  EXPECT_EQ(paired.only_first, 1U);
  EXPECT_EQ(paired.only_second, 0U);
}

TEST_F(TwinsTest, SoAreThoseOfOtherCodeAndDataButNotOfOtherOptions) {
  const Plan before = made_.plan("1111");
  MadeResults::make(first_, before);
  made_.catalogue.hashes["kd"] = made_.catalogue.hashes["resnet"] = "of another version";
  const Plan after = made_.plan("2222");
  MadeResults::make(second_, after);
  EXPECT_THAT(pair_up(first_, second_).pairs, SizeIs(after.trials.size()));
  const Store third = made_.store("c");
  const Plan other = made_.plan("2222", "[method.kd]\ntemperature = 2\n");
  MadeResults::make(third, other);
  EXPECT_THAT(pair_up(first_, third).pairs, SizeIs(1)) << "the source alone";
}

TEST_F(TwinsTest, SoAreThoseOfACpuAndOfAGpu) {
  Plan plan = made_.plan();
  MadeResults::make(first_, plan);
  for (auto& trial : plan.trials) {
    auto fields = Json::parse(trial.fields());
    auto spec = trial.spec();
    fields["device"] = spec.device = "cuda";
    trial.key = spec.key = "of a GPU, " + trial.key;
    trial.describe(std::move(spec), fields.dump());
  }
  MadeResults::make(second_, plan);
  EXPECT_THAT(pair_up(first_, second_).pairs, SizeIs(plan.trials.size()));
}

TEST_F(TwinsTest, OfSeveralTwinsTheNewestIsTaken) {
  const Plan old = made_.plan("1111"), newer = made_.plan("2222"), now = made_.plan("3333");
  MadeResults::make(first_, old);
  MadeResults::make(first_, newer);
  for (const auto& trial : newer.trials)
    MadeResults::change(first_, trial.id, [](Record& record) {
      record.provenance["finished"] = "2026-02-01T00:00:00Z";
    });
  const Trial& source = MadeResults::of(now, "scratch-resnet");
  EXPECT_EQ(first_made(first_, source), MadeResults::of(newer, "scratch-resnet").id);
  MadeResults::make(first_, source);
  EXPECT_EQ(first_made(first_, source), source.id) << "its own record goes first";
  EXPECT_EQ(first_made(second_, source), std::nullopt);
}

TEST_F(TwinsTest, AKeyOfAnyShapeIsNobodysTwin) {
  const Plan plan = made_.plan();
  MadeResults::make(first_, plan);
  Trial odd = MadeResults::of(plan, "kd-");
  for (const char* fields : {"[]", "7", "{\"sources\": 3}", "{\"sources\": [1]}"}) {
    odd.describe(odd.spec(), fields);
    MadeResults::make(second_, odd);
    EXPECT_EQ(Essences(second_).of(odd.id), "") << fields;
  }
}

}  // namespace
}  // namespace ktb::core
