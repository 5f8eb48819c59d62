// Several data sets as one: which example is of which part, what it is called, and that nobody who
// learns can see it; and figures of routes.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <cmath>

#include "ktb/error.hpp"
#include "run/data/example_feed.hpp"
#include "run/data/routes.hpp"
#include "run/data/union_dataset.hpp"

namespace ktb::run {
namespace {

/// Grey images all of one value, which tells the data set; `classes` classes, one after another.
class Plain final : public Dataset {
 public:
  Plain(std::int64_t value, std::int64_t classes, std::int64_t size, std::int64_t side = 4)
      : value_(value), classes_(classes), size_(size), side_(side) {}
  TaskSpec task(const DataFolder&) const override {
    TaskSpec spec;
    spec.name = "plain" + std::to_string(value_);
    spec.kind = "classification";
    spec.inputs = {{"image", {1, side_, side_}, "grey", {value_ / 100.0}, {0.1}}};
    spec.outputs = classes_;
    spec.labels = "plain" + std::to_string(classes_);
    spec.categorical = true;
    spec.train_size = spec.test_size = size_;
    return spec;
  }
  std::vector<DataFile> files(const DataFolder&) const override { return {}; }
  std::string get() const override { return "it is always there"; }
  Split load(const DataFolder&, const std::string&) const override {
    return {{{"image", at::full({size_, 1, side_, side_}, value_, at::kByte)}},
            {{"label", at::arange(size_, at::kLong).remainder(classes_)}}};
  }

 private:
  std::int64_t value_, classes_, size_, side_;
};

UnionDataset::Part part(std::int64_t value, std::int64_t classes, std::int64_t size,
                        std::int64_t train = 0, std::int64_t test = 0) {
  return {std::make_shared<Plain>(value, classes, size), DataFolder({}), "plain", train, test};
}

ExampleFeed feed_of(const UnionDataset& all, std::int64_t test = 0) {
  DataRequest request;
  request.axis = request.name = "mixed";
  request.batch = 10;
  request.test = test;
  return ExampleFeed(all, DataFolder({}), request);
}

/// The part of each example, read from its pixels.
Tensor seen(const Batch& batch) {
  return (batch.x.at("image").select(3, 0).select(2, 0).select(1, 0) * 255).round().to(at::kLong);
}

TEST(Union, LabelsStandSideBySide) {
  const UnionDataset all({part(10, 3, 30), part(20, 4, 20)}, false);
  auto feed = feed_of(all);
  const auto& spec = feed.kind().spec();
  EXPECT_EQ(spec.outputs, 7);
  EXPECT_EQ(spec.labels, "plain3 + plain4");
  EXPECT_EQ(spec.train_size, 50);
  EXPECT_NEAR(spec.inputs[0].mean[0], 0.15, 1e-9);
  EXPECT_NEAR(spec.inputs[0].deviation[0], std::sqrt(0.01 + 0.0025), 1e-9);
  for (std::int64_t step = 0; step < feed.steps_per_epoch(); ++step) {
    const auto batch = feed.train_batch(step);
    const auto first = seen(batch).eq(10);
    EXPECT_TRUE(at::equal(first, batch.y.at("label").lt(3)));
  }
}

TEST(Union, SharedLabelsKeepTheirMeaning) {
  const UnionDataset all({part(10, 3, 30), part(20, 3, 20)}, true);
  auto feed = feed_of(all);
  EXPECT_EQ(feed.kind().spec().outputs, 3);
  EXPECT_EQ(feed.kind().spec().labels, "plain3");
  EXPECT_LT(feed.train_batch(0).y.at("label").max().item<std::int64_t>(), 3);
}

TEST(Union, TheDomainIsKnownOfTheTestSplitAndInNoBatch) {
  const UnionDataset all({part(10, 3, 30), part(20, 4, 20)}, false);
  for (const std::int64_t test : {0, 14}) {
    auto feed = feed_of(all, test);
    const auto domains = feed.domains();
    ASSERT_EQ(domains.numel(), feed.test_size());
    std::vector<Tensor> shown;
    const auto look = [&](const Batch& batch) {
      EXPECT_EQ(batch.y.count(kDomain), 0U);
      EXPECT_EQ(batch.x.count(kDomain), 0U);
      shown.push_back(seen(batch));
    };
    feed.test(look);
    EXPECT_TRUE(at::equal(at::cat(shown), (domains + 1) * 10));
    EXPECT_EQ(domains.max().item<std::int64_t>(), 1);
    feed.survey(look);
    look(feed.train_batch(0));
  }
  DataRequest alone;
  alone.axis = "a";
  EXPECT_FALSE(ExampleFeed(Plain(10, 3, 30), DataFolder({}), alone).domains().defined());
}

TEST(Union, EachPartTakesItsOwnSubset) {
  const UnionDataset all({part(10, 3, 30, 6, 3), part(20, 4, 20, 0, 8)}, false);
  auto feed = feed_of(all);
  EXPECT_EQ(feed.train_size(), 26);
  EXPECT_EQ(all.task(DataFolder({})).train_size, 26);
  EXPECT_EQ(feed.test_size(), 11);
  const auto labels = feed.train_labels();
  EXPECT_TRUE(at::equal(labels.bincount().cpu(), at::tensor({2, 2, 2, 5, 5, 5, 5}, at::kLong)));
  EXPECT_THROW(feed_of(UnionDataset({part(10, 3, 30, 31), part(20, 4, 20)}, false)), Error);
}

TEST(Union, PartsThatDoNotGoTogetherAreRefused) {
  const auto large = UnionDataset::Part{std::make_shared<Plain>(10, 3, 9, 8), DataFolder({}), "l"};
  EXPECT_THROW(UnionDataset({part(1, 3, 9), large}, false).task(DataFolder({})), Error);
  EXPECT_THROW(UnionDataset({part(1, 3, 9), part(2, 4, 9)}, true).task(DataFolder({})), Error);
}

/// [N, 2]: the first member is the one that `ways` names.
Tensor weights_of(const Tensor& ways) {
  return at::zeros({ways.numel(), 2}).scatter_(1, ways.unsqueeze(1), 1);
}

TEST(Routes, InformationAndShareOfTheOwnDomain) {
  const auto domains = at::tensor({0, 0, 1, 1}, at::kLong);
  const auto same = route_figures(weights_of(domains), domains, {{0}, {1}});
  EXPECT_NEAR(same.at("route_information"), std::log(2.0), 1e-12);
  EXPECT_EQ(same.at("own_domain_share"), 1);
  const auto crossed = route_figures(weights_of(1 - domains), domains, {{0}, {1}});
  EXPECT_NEAR(crossed.at("route_information"), std::log(2.0), 1e-12);
  EXPECT_EQ(crossed.at("own_domain_share"), 0);
  const auto blind =
      route_figures(weights_of(at::tensor({0, 1, 0, 1}, at::kLong)), domains, {{0}, {}});
  EXPECT_NEAR(blind.at("route_information"), 0, 1e-12);
  EXPECT_EQ(blind.at("own_domain_share"), 0.5) << "of the first domain alone, which has a member";
  EXPECT_FALSE(route_figures(weights_of(domains), domains, {{}, {}}).contains("own_domain_share"));
}

}  // namespace
}  // namespace ktb::run
