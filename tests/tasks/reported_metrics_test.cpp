// What the kinds of tasks report is what the table of metrics knows how to show.
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "core/score/metrics.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::tasks {
namespace {

constexpr std::int64_t kClasses = 8;

/// One evaluation of a kind.
struct Evaluation {
  std::string kind;
  std::vector<std::int64_t> prediction;  ///< shape
  Tensors y;
  Texts texts = {};
  bool categorical = false;
};

std::vector<Evaluation> evaluations() {
  const auto numbers = [](std::vector<std::int64_t> all) { return at::tensor(all, at::kLong); };
  const auto each = numbers({0, 1, 2, 3});
  const std::vector<std::string> people(10, "yes");
  const std::vector<std::vector<std::string>> passages(4, {"a red cat"});
  return {
      {"classification", {4, kClasses}, {{"label", each}}},
      {"multi_label", {4, kClasses}, {{"labels", at::ones({4, kClasses})}}},
      {"regression", {4, 1}, {{"value", at::rand({4})}}},
      {"span",
       {4, 2, 3},
       {{"start", each.remainder(3)},
        {"end", each.remainder(3)},
        {"entry", each},
        {"offsets", numbers({0, 1, 2, 5, 6, 9}).view({1, 3, 2}).expand({4, 3, 2})}},
       {{"passage", passages}, {"answers", {{"red"}, {"cat"}, {"red cat"}, {}}}}},
      {"vqa", {4, kClasses}, {{"label", each}}, {}, true},
      {"vqa",
       {4, kClasses},
       {{"entry", each}, {"scores", at::ones({4, kClasses})}},
       {{"answers", {people, people, people, people}},
        {"answer_type", {{"yes/no"}, {"number"}, {"other"}, {"other"}}}}},
      {"retrieval", {4, 2, 3}, {{"entry", each}}},
      {"reconstruction", {4, kClasses}, {{"pixels", at::rand({4, kClasses})}}},
      {"contrastive", {4, 3}, {{"picture", numbers({0, 1, 0, 1})}}},
      {"control", {4}, {{"random", at::ones({4})}}},
      {"actor_critic", {4}, {{"random", at::ones({4})}}},
  };
}

TEST(ReportedMetrics, AreInTheTable) {
  for (const auto& evaluation : evaluations()) {
    TaskSpec spec;
    spec.name = "toy";
    spec.kind = evaluation.kind;
    spec.outputs = kClasses;
    spec.categorical = evaluation.categorical;
    spec.classes = {"yes", "no", "1", "2", "red", "blue", "cat", "dog"};
    const auto kind = make_task_kind(spec);
    const auto meter = kind->meter(evaluation.texts);
    meter->add(at::rand(evaluation.prediction), {{}, evaluation.y, {}});
    const auto metrics = meter->metrics();
    EXPECT_TRUE(metrics.contains(kind->primary())) << spec.kind;
    EXPECT_TRUE(core::metric_info(kind->primary()).higher_is_better) << spec.kind;
    for (const auto& [name, value] : metrics)
      EXPECT_TRUE(core::is_known_metric(name)) << name << " of " << spec.kind;
  }
}

}  // namespace
}  // namespace ktb::tasks
