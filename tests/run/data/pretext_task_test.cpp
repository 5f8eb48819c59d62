#include "run/data/pretext_task.hpp"

#include <ATen/ops/rot90.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include "core/suite/suite.hpp"
#include "ktb/error.hpp"
#include "run/data/example_feed.hpp"

namespace ktb::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Pictures whose every pixel differs, of two classes.
class Pixels final : public Dataset {
 public:
  explicit Pixels(std::int64_t width = 6) : width_(width) {}
  TaskSpec task(const DataFolder&) const override {
    TaskSpec spec;
    spec.name = "pixels";
    spec.kind = "classification";
    spec.inputs = {{"image", {1, 6, width_}, "grey", {}, {}}};
    spec.outputs = 2;
    spec.categorical = true;
    spec.train_size = 20;
    spec.test_size = 8;
    return spec;
  }
  std::vector<DataFile> files(const DataFolder&) const override { return {}; }
  std::string get() const override { return {}; }
  Split load(const DataFolder&, const std::string& split) const override {
    const std::int64_t n = split == "train" ? 20 : 8;
    const auto x = torch::arange(n * 6 * width_).mul(37).remainder(251).to(at::kByte);
    return {{{"image", x.view({n, 1, 6, width_})}}, {{"label", torch::arange(n).remainder(2)}}};
  }

 private:
  std::int64_t width_;
};

ExampleFeed make(const std::string& word, std::vector<std::string> augment = {},
                 std::int64_t train = 0) {
  DataRequest request;
  request.name = request.axis = "pixels";
  request.pretext = word;
  request.batch = 10;
  request.train = train;
  request.augment = std::move(augment);
  return ExampleFeed(Pixels(), DataFolder({}), request);
}

template <class Work>
std::string error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::vector<Batch> all(const ExampleFeed& data) {
  std::vector<Batch> batches;
  data.test([&](const Batch& batch) { batches.push_back(batch); });
  return batches;
}

TEST(PretextTask, EachThatASuiteMayNameIsThere) {
  for (const auto& word : core::pretext_tasks())
    EXPECT_NE(make_pretext_task(word), nullptr) << word;
}

TEST(PretextTask, RotationShowsEachPictureInAllTurns) {
  auto data = make("rotation");
  EXPECT_EQ(data.kind().spec().outputs, 4);
  EXPECT_EQ(data.kind().spec().labels, "rotation");
  EXPECT_EQ(data.train_size(), 80);
  EXPECT_EQ(data.test_size(), 32);
  const auto batches = all(data);
  ASSERT_EQ(batches.size(), 1U);
  const auto& x = batches[0].x.at("image");
  const auto labels = batches[0].y.at("label");
  for (std::int64_t i = 0; i < 32; ++i) {
    EXPECT_EQ(labels[i].item<std::int64_t>(), i % 4);
    EXPECT_TRUE(at::equal(x[i], at::rot90(x[i - i % 4], i % 4, {1, 2}))) << i;
  }
  EXPECT_EQ(data.floor().at("chance"), 0.25);
  EXPECT_EQ(data.floor().at("majority"), 0.25);
}

TEST(PretextTask, RotationsEpochHoldsEveryTurnOnce) {
  auto data = make("rotation", {"flip"});
  std::vector<std::int64_t> counts(4);
  for (std::int64_t step = 0; step < data.steps_per_epoch(); ++step) {
    const auto labels = data.train_batch(step).y.at("label");
    for (std::int64_t i = 0; i < labels.size(0); ++i) ++counts[labels[i].item<std::int64_t>()];
  }
  EXPECT_THAT(counts, ElementsAre(20, 20, 20, 20));
  const auto once = data.train_batch(3).x.at("image"), again = data.train_batch(3).x.at("image");
  EXPECT_TRUE(at::equal(once, again));
}

TEST(PretextTask, SubsetsFollowTheDataSetsOwnLabels) {
  EXPECT_EQ(make("rotation", {}, 6).train_size(), 24);
  EXPECT_EQ(make("autoencode", {}, 6).train_size(), 6);
}

TEST(PretextTask, AutoencodingWantsThePictureItself) {
  auto data = make("autoencode", {"crop4"});
  EXPECT_EQ(data.kind().spec().outputs, 36);
  const auto batch = data.train_batch(0);
  EXPECT_TRUE(at::equal(batch.y.at("pixels"), batch.x.at("image").flatten(1)));
  const auto meter = data.judge(Feed::Part::kTest,
                                [](const Batch& some) { return some.x.at("image").flatten(1); });
  EXPECT_NEAR(meter->metrics().at("r2"), 1, 1e-6);
  Tensor mean;
  for (const auto& some : all(data)) mean = some.y.at("pixels").mean(0, true);
  const auto blind = data.judge(Feed::Part::kTest, [&](const Batch& some) {
    return mean.expand({some.size(), -1});
  });
  EXPECT_NEAR(blind->metrics().at("r2"), data.floor().at("chance"), 1e-5);
}

TEST(PretextTask, ContrastiveShowsTwoViewsOfEach) {
  auto data = make("contrastive", {"crop4"});
  const auto batch = data.train_batch(0);
  EXPECT_EQ(batch.size(), 20);
  EXPECT_TRUE(at::equal(batch.y.at("picture").slice(0, 0, 10), batch.y.at("picture").slice(0, 10)));
  const auto& x = batch.x.at("image");
  EXPECT_FALSE(at::equal(x.slice(0, 0, 10), x.slice(0, 10)));
  const auto told = torch::eye(10).repeat({2, 1});  // an embedding that knows the picture
  EXPECT_LT(data.kind().loss(told, batch).max().item<double>(),
            std::log(1 + 18 * std::exp(-2.0)) + 1e-4);
  const auto perfect = data.judge(Feed::Part::kTest, [](const Batch& some) {
    return torch::eye(some.size() / 2, 64).repeat({2, 1});
  });
  EXPECT_EQ(perfect->metrics().at("pairs_found"), 1);
  EXPECT_THAT(error_of([] { make("contrastive"); }), HasSubstr("set `augment`"));
}

TEST(PretextTask, SaysWhatCannotBeMade) {
  EXPECT_THAT(error_of([] { make("rotatoin"); }), HasSubstr("did you mean `rotation`"));
  EXPECT_THAT(error_of([] { pretext_spec("rotation", Pixels(5).task(DataFolder({}))); }),
              HasSubstr("turns square pictures, and those of pixels are 6 by 5"));
  TaskSpec text;
  text.name = "reviews";
  text.inputs = {{"tokens", {40}, "words", {}, {}, 50}};
  EXPECT_THAT(error_of([&] { pretext_spec("autoencode", text); }), HasSubstr("reviews has none"));
}

}  // namespace
}  // namespace ktb::run
