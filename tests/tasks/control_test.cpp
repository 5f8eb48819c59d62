// Losses of learning by acting, worked out by hand.
#include "tasks/control.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ktb::tasks {
namespace {

TEST(Control, LossOfValuesIsHuberOnTheActionTaken) {
  const QLearning kind{TaskSpec()};
  Batch batch;
  batch.y["action"] = at::tensor({1, 0}, at::kLong);
  batch.y["td_target"] = at::tensor({2.5F, 3.0F});
  const auto loss = kind.loss(at::tensor({9.0F, 2.0F, 0.0F, 9.0F}).view({2, 2}), batch);
  EXPECT_FLOAT_EQ(loss[0].item<float>(), 0.125F);
  EXPECT_FLOAT_EQ(loss[1].item<float>(), 2.5F);
}

TEST(Control, LossOfAPolicyIsClipped) {
  TaskSpec spec;
  spec.outputs = 3;
  const ActorCritic kind{spec};
  Batch batch;
  batch.y["action"] = at::tensor({0, 0}, at::kLong);
  batch.y["log_prob"] = at::full({2}, std::log(0.25));
  batch.y["advantage"] = at::tensor({1.0F, -1.0F});
  batch.y["value_target"] = at::tensor({3.0F, 1.0F});
  batch.y["weights"] = at::tensor({0.2F, 0.5F, 0.1F}).repeat({2, 1});
  const auto prediction = at::tensor({0.0F, 0.0F, 1.0F}).repeat({2, 1});
  EXPECT_EQ(kind.logits(prediction).size(1), 2);
  const auto loss = kind.loss(prediction, batch);
  const float entropy = 0.1F * std::log(2.0F);  // the ratio is 2: it counts as 1.2 where it helps
  EXPECT_NEAR(loss[0].item<float>(), -1.2F + 0.5F * 4 - entropy, 1e-6);
  EXPECT_NEAR(loss[1].item<float>(), 2.0F - entropy, 1e-6);
}

}  // namespace
}  // namespace ktb::tasks
