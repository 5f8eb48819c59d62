#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "core/base/json.hpp"
#include "core/score/metrics.hpp"
#include "ktb/error.hpp"
#include "run/weights/safetensors.hpp"
#include "tasks/metrics.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TaskSpec classes(std::int64_t count) {
  TaskSpec spec;
  spec.name = "toy";
  spec.kind = "classification";
  spec.outputs = count;
  spec.categorical = true;
  return spec;
}

Batch labelled(const std::vector<std::int64_t>& labels) {
  return {{}, {{"label", at::tensor(labels, at::kLong)}}, {}};
}

TEST(Classification, CountsTopOneAndTopFiveOverBatches) {
  const auto kind = make_task_kind(classes(6));
  const auto meter = kind->meter({});
  const auto falling = at::tensor({6., 5., 4., 3., 2., 1.}).to(at::kFloat).unsqueeze(0);
  meter->add(falling.expand({2, 6}), labelled({0, 4}));
  meter->add(falling, labelled({5}));
  const auto metrics = meter->metrics();
  EXPECT_DOUBLE_EQ(metrics.at("top1"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(metrics.at("top5"), 2.0 / 3);
  std::set<std::string> names;
  for (const auto& [name, value] : metrics) names.insert(name);
  const auto planned = core::metrics_of("classification", 6, true);
  EXPECT_EQ(names, std::set<std::string>(planned.begin(), planned.end()));
  EXPECT_THAT(meter->correct(), ElementsAre(true, false, false));
  EXPECT_EQ(kind->primary(), "top1");
}

TEST(Classification, CountsWhatWasTakenForWhat) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const auto kind = make_task_kind(classes(3));
  const auto meter = kind->meter({});
  const auto rows = [](const std::vector<float>& values) {
    return at::tensor(values).view({-1, 3});
  };
  meter->add(rows({3, 2, 1, 1, 3, 2}), labelled({0, 0}));           // right, and as 1
  meter->add(rows({2, 2, 1, kNan, kNan, kNan}), labelled({0, 0}));  // a tie, and nothing
  meter->add(rows({1, kNan, 0, 0, 0, 5}), labelled({1, 2}));
  std::vector<std::int64_t> counts;
  const auto confusion = meter->confusion();
  ASSERT_EQ(confusion.sizes(), (std::vector<std::int64_t>{3, 3}));
  for (std::int64_t i = 0; i < 9; ++i)
    counts.push_back(confusion.flatten()[i].item<std::int64_t>());
  EXPECT_THAT(counts, ElementsAre(1, 3, 0, 1, 0, 0, 0, 0, 1));
  const auto correct = meter->correct();
  EXPECT_EQ(confusion.trace().item<std::int64_t>(),
            std::count(correct.begin(), correct.end(), true));
}

TEST(Classification, TopFiveNeedsMoreThanFiveClasses) {
  const auto kind = make_task_kind(classes(5));
  const auto meter = kind->meter({});
  meter->add(at::zeros({1, 5}), labelled({0}));
  EXPECT_FALSE(meter->metrics().contains("top5"));
}

TEST(Classification, LossIsPerExampleInFp32) {
  const auto kind = make_task_kind(classes(4));
  const auto loss = kind->loss(at::zeros({3, 4}, at::kBFloat16), labelled({0, 1, 3}));
  EXPECT_EQ(loss.sizes(), (std::vector<std::int64_t>{3}));
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  EXPECT_NEAR(loss[1].item<double>(), std::log(4.0), 1e-6);
}

TEST(Classification, NeitherTiesNorNanAreRight) {
  const auto kind = make_task_kind(classes(6));
  const auto meter = kind->meter({});
  meter->add(at::zeros({1, 6}), labelled({0}));
  meter->add(at::full({1, 6}, std::numeric_limits<double>::quiet_NaN(), at::kFloat), labelled({0}));
  EXPECT_THAT(meter->correct(), ElementsAre(false, false));
  EXPECT_EQ(meter->metrics().at("top5"), 0);
}

TEST(Classification, NothingAddedIsAnErrorAndNotANumber) {
  const auto kind = make_task_kind(classes(2));
  EXPECT_THROW(kind->meter({})->metrics(), Error);
}

TEST(Classification, Floors) {
  const auto floor = make_task_kind(classes(4))->floor(labelled({1, 1, 1, 0, 2}).y, {});
  EXPECT_DOUBLE_EQ(floor.at("chance"), 0.25);
  EXPECT_DOUBLE_EQ(floor.at("majority"), 0.6);
}

TEST(Kinds, AnUnknownOneIsRefusedByName) {
  auto spec = classes(2);
  spec.kind = "divination";
  try {
    make_task_kind(spec);
    FAIL() << "made a kind that does not exist";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("divination"));
    EXPECT_THAT(error.what(), HasSubstr("classification, "));
  }
}

/// The rule of the vectors: max|x - ref| <= atol + rtol max|ref|,
/// and NaN only where the reference has it.
void expect_close(const Tensor& x, const Tensor& reference, const std::string& what) {
  ASSERT_TRUE(x.defined()) << what;
  ASSERT_EQ(x.sizes(), reference.sizes()) << what;
  const auto got = x.to(at::kDouble), want = reference.to(at::kDouble);
  ASSERT_TRUE(got.isnan().eq(want.isnan()).all().item<bool>()) << what;
  const auto gap = (got - want).nan_to_num(0).abs().max().item<double>();
  EXPECT_LE(gap, 1e-9 * (1 + want.nan_to_num(0).abs().max().item<double>())) << what;
}

class MetricVectors : public ::testing::TestWithParam<std::string> {};

TEST_P(MetricVectors, MatchScikitLearn) {
  const auto file = run::read_safetensors(GetParam());
  const auto kind = core::Json::parse(file.metadata.at("options")).at("kind").get<std::string>();
  Tensors in;
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with("in.")) in[name.substr(3)] = tensor;
  }
  auto out = classification_metrics(kind, in);
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with("out.")) expect_close(out[name.substr(4)], tensor, name);
  }
}

std::vector<std::string> cases() {
  std::vector<std::string> paths;
  const auto folder = std::string(KTB_SOURCE_DIR) + "/tests/vectors/metric_classification";
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(Metrics, TiesCountAgainstTheLabelAsTheyDoInTrials) {
  const auto out = classification_metrics(
      "single_label", {{"logits", at::zeros({2, 6})}, {"labels", at::zeros({2}, at::kLong)}});
  EXPECT_EQ(out.at("top1").item<double>(), 0);
  EXPECT_EQ(out.at("top5").item<double>(), 0);
}

TEST(Classification, TheMeterOfTrialsMatchesTheStoredCases) {
  int seen = 0;
  for (const auto& path : cases()) {
    const auto file = run::read_safetensors(path);
    const Tensors stored(file.tensors.begin(), file.tensors.end());
    if (!stored.contains("in.logits")) continue;
    ++seen;
    const auto& logits = stored.at("in.logits");
    const auto kind = make_task_kind(classes(logits.size(1)));
    const auto meter = kind->meter({});
    meter->add(logits, {{}, {{"label", stored.at("in.labels")}}, {}});
    const auto metrics = meter->metrics();
    const auto expected = [&](const char* name) { return stored.at(name).item<double>(); };
    EXPECT_NEAR(metrics.at("top1"), expected("out.top1"), 1e-12) << path;
    EXPECT_NEAR(metrics.at("loss"), expected("out.nll"), 1e-5 * expected("out.nll") + 1e-7) << path;
    if (logits.size(1) > 5) {
      EXPECT_NEAR(metrics.at("top5"), expected("out.top5"), 1e-12) << path;
    }
  }
  EXPECT_GT(seen, 4);
}

INSTANTIATE_TEST_SUITE_P(Stored, MetricVectors, ::testing::ValuesIn(cases()), [](const auto& info) {
  return std::filesystem::path(info.param).stem().string();
});

TEST(Metrics, AnUnknownKindIsRefused) { EXPECT_THROW(classification_metrics("guess", {}), Error); }

}  // namespace
}  // namespace ktb::tasks
