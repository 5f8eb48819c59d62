#include "run/data/example_feed.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "ktb/error.hpp"

namespace ktb::run {
namespace {

using ::testing::HasSubstr;

/// Grey images whose two top left pixels count the example; 4 classes, of which 3 is rare in train.
class Toy final : public Dataset {
 public:
  TaskSpec task(const DataFolder&) const override {
    TaskSpec spec;
    spec.name = "toy";
    spec.kind = "classification";
    spec.inputs = {{"image", {1, 4, 4}, "grey", {}, {}}};
    spec.outputs = 4;
    spec.categorical = true;
    spec.train_size = 206;
    spec.test_size = 80;
    return spec;
  }
  std::vector<DataFile> files(const DataFolder&) const override { return {}; }
  std::string get() const override { return "it is always there"; }
  Split load(const DataFolder&, const std::string& split) const override {
    const std::int64_t n = split == "train" ? 206 : 80;
    const auto number = at::arange(n, at::kLong);
    auto x = at::full({n, 1, 4, 4}, 5, at::kByte);
    x.select(2, 0).select(2, 0).squeeze(1).copy_(number.remainder(100));
    x.select(2, 0).select(2, 1).squeeze(1).copy_(number.floor_divide(100));
    auto label = number.remainder(n == 80 ? 4 : 3);
    if (n == 206) label.slice(0, 200, 206).fill_(3);
    return {{{"image", x}}, {{"label", label}}};
  }
};

DataRequest request(std::uint64_t seed = 1) {
  DataRequest r;
  r.axis = "toy";
  r.seed = seed;
  r.batch = 10;
  return r;
}

ExampleFeed make(const DataRequest& r) { return ExampleFeed(Toy(), DataFolder({}), r); }

/// Which examples a batch holds, read from its pixels.
std::vector<std::int64_t> numbers(const Batch& batch) {
  const auto& x = batch.x.at("image");
  const auto first = x.select(2, 0).squeeze(1);
  const auto all = (first.select(1, 0) * 255 + first.select(1, 1) * 25500).round().to(at::kLong);
  return {all.const_data_ptr<std::int64_t>(), all.const_data_ptr<std::int64_t>() + all.numel()};
}

using Reader = void (ExampleFeed::*)(const ExampleFeed::Visit&) const;
std::vector<std::int64_t> all(const ExampleFeed& data, Reader reader) {
  std::vector<std::int64_t> found;
  (data.*reader)([&](const Batch& batch) {
    for (const auto i : numbers(batch)) found.push_back(i);
  });
  return found;
}

std::vector<std::int64_t> counts(const ExampleFeed& data) {
  const auto c = at::bincount(data.train_labels(), {}, 4);
  return {c.const_data_ptr<std::int64_t>(), c.const_data_ptr<std::int64_t>() + 4};
}

TEST(ExampleFeed, AnEpochHoldsEveryExampleOnceAndTheLastBatchIsPartial) {
  auto data = make(request());
  EXPECT_EQ(data.steps_per_epoch(), 21);
  std::multiset<std::int64_t> seen;
  for (std::int64_t step = 0; step < 21; ++step) {
    const auto batch = data.train_batch(step);
    EXPECT_EQ(batch.size(), step < 20 ? 10 : 6);
    for (const auto i : numbers(batch)) seen.insert(i);
    // Without a subset the position in the training split is the number of the example.
    EXPECT_TRUE(at::equal(batch.index, at::tensor(numbers(batch), at::kLong)));
  }
  EXPECT_EQ(seen.size(), 206u);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 206u);
}

TEST(ExampleFeed, ABatchOfOneIsLeftOut) {
  auto r = request();
  r.batch = 41;  // 5 * 41 + 1
  EXPECT_EQ(make(r).steps_per_epoch(), 5);
  r.batch = 1000;
  EXPECT_EQ(make(r).steps_per_epoch(), 1);
}

TEST(ExampleFeed, ABatchIsAFunctionOfTheStep) {
  auto one = make(request()), other = make(request());
  const auto late = numbers(one.train_batch(40));
  EXPECT_NE(late, numbers(one.train_batch(19)));
  EXPECT_EQ(late, numbers(one.train_batch(40)));
  EXPECT_EQ(late, numbers(other.train_batch(40)));
  EXPECT_NE(late, numbers(make(request(2)).train_batch(40)));
}

TEST(ExampleFeed, ImagesAreFloatsInChannelsLast) {
  const auto x = make(request()).train_batch(0).x.at("image");
  EXPECT_EQ(x.sizes(), (std::vector<std::int64_t>{10, 1, 4, 4}));
  EXPECT_EQ(x.scalar_type(), at::kFloat);
  EXPECT_TRUE(x.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_FLOAT_EQ(x[0][0][3][3].item<float>(), 5.f / 255);
}

TEST(ExampleFeed, SubsetsAreBalancedNestedAndTheSameForAllSeeds) {
  auto r = request(1);
  r.train = 40;
  r.test = 20;
  const auto one = make(r);
  EXPECT_EQ(one.train_size(), 40);
  // The rare class has 6 examples; the others share what it cannot give.
  EXPECT_THAT(counts(one), ::testing::ElementsAre(12, 11, 11, 6));
  EXPECT_EQ(one.kind().spec().train_size, 40);
  r.seed = 2;
  const auto other = make(r);
  EXPECT_EQ(all(one, &ExampleFeed::survey), all(other, &ExampleFeed::survey));
  EXPECT_EQ(all(one, &ExampleFeed::test), all(other, &ExampleFeed::test));
  r.train = 80;
  const auto larger = all(make(r), &ExampleFeed::survey);
  EXPECT_TRUE(std::ranges::includes(larger, all(one, &ExampleFeed::survey)));
}

TEST(ExampleFeed, LabelsAreDrawnPerSeedAndLeaveNoClassOut) {
  auto r = request(1);
  r.labels = 0.01;
  EXPECT_THAT(counts(make(r)), ::testing::ElementsAre(1, 1, 1, 1));
  r.labels = 20;
  const auto one = make(r);
  EXPECT_THAT(counts(one), ::testing::ElementsAre(5, 5, 5, 5));
  r.seed = 2;
  EXPECT_NE(all(one, &ExampleFeed::survey), all(make(r), &ExampleFeed::survey));
}

TEST(ExampleFeed, ValidationComesOutOfTrainAndIsNeverTrainedOn) {
  auto r = request();
  r.train = 160;
  r.validation = 0.25;
  const auto data = make(r);
  EXPECT_EQ(data.train_size(), 120);
  EXPECT_EQ(data.validation_size(), 40);
  auto train = all(data, &ExampleFeed::survey), held = all(data, &ExampleFeed::validation);
  for (const auto i : held) EXPECT_FALSE(std::ranges::binary_search(train, i));
  train.insert(train.end(), held.begin(), held.end());
  std::ranges::sort(train);
  r.validation = 0;
  EXPECT_EQ(train, all(make(r), &ExampleFeed::survey));
  r.validation = 40;
  EXPECT_EQ(held, all(make(r), &ExampleFeed::validation));
  r.seed = 2;
  EXPECT_NE(held, all(make(r), &ExampleFeed::validation));
}

TEST(ExampleFeed, ShuffledLabelsAreThoseOfOtherTrainingExamples) {
  auto r = request();
  const auto plain = make(r);
  r.shuffled = true;
  const auto shuffled = make(r);
  EXPECT_EQ(counts(shuffled), counts(plain)) << "classes stay as frequent as they are";
  EXPECT_EQ(all(shuffled, &ExampleFeed::survey), all(plain, &ExampleFeed::survey));
  const auto same = shuffled.train_labels().eq(plain.train_labels()).sum().item<int>();
  EXPECT_GT(same, 30);
  EXPECT_LT(same, 110) << "a third of them by chance";
  const auto labels = [](const ExampleFeed& feed) {
    std::vector<Tensor> parts;
    feed.test([&](const Batch& batch) { parts.push_back(batch.y.at("label")); });
    return at::cat(parts);
  };
  EXPECT_TRUE(at::equal(labels(shuffled), labels(plain)));
  EXPECT_TRUE(at::equal(make(r).train_labels(), shuffled.train_labels()));
}

TEST(ExampleFeed, SurveyGoesInOrderWithIndicesAndTestHasNone) {
  const auto data = make(request());
  data.survey([](const Batch& batch) {
    EXPECT_TRUE(at::equal(batch.index, at::tensor(numbers(batch), at::kLong)));
  });
  data.test([](const Batch& batch) { EXPECT_FALSE(batch.index.defined()); });
  EXPECT_EQ(all(data, &ExampleFeed::test).size(), 80u);
}

TEST(ExampleFeed, AugmentationTouchesTrainingAlone) {
  auto r = request();
  r.augment = {"crop4", "flip"};
  auto plain = make(request()), data = make(r);
  EXPECT_FALSE(data.repeats());
  EXPECT_TRUE(plain.repeats());
  const auto a = plain.train_batch(3), b = data.train_batch(3);
  EXPECT_TRUE(at::equal(a.index, b.index));
  EXPECT_FALSE(at::equal(a.x.at("image"), b.x.at("image")));
  EXPECT_TRUE(at::equal(b.x.at("image"), make(r).train_batch(3).x.at("image")));
  EXPECT_EQ(all(plain, &ExampleFeed::survey), all(data, &ExampleFeed::survey));
}

TEST(ExampleFeed, MoreThanThereIsIsRefused) {
  auto r = request();
  r.train = 1000;
  try {
    make(r);
    FAIL() << "took more examples than there are";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("train = 1000"));
    EXPECT_THAT(error.what(), HasSubstr("206"));
  }
  r = request();
  r.validation = 206;
  EXPECT_THROW(make(r), Error);
}

TEST(ExampleFeed, RequestComesFromTaskAndRecipe) {
  core::TaskRef task;
  task.dataset = "images";
  task.plugin = "toy";
  task.train = 7;
  task.labels = 0.5;
  task.hash = "c0ffee";
  task.shuffled = true;
  task.augment = {core::Augmentation::kFlip};
  core::Recipe recipe;
  recipe.batch = 32;
  recipe.validation = 0.1;
  const auto r = data_request(task, recipe, 9);
  EXPECT_EQ(r.name, "images");
  EXPECT_EQ(r.axis, "toy:c0ffee");
  EXPECT_EQ(r.train, 7);
  EXPECT_EQ(r.test, 0);
  EXPECT_TRUE(r.shuffled);
  EXPECT_EQ(r.batch, 32);
  EXPECT_EQ(r.seed, 9u);
  EXPECT_EQ(r.validation, 0.1);
  EXPECT_EQ(r.augment, std::vector<std::string>{"flip"});
}

}  // namespace
}  // namespace ktb::run
