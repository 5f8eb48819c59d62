#include "tasks/control.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/min.h>

#include "tasks/gathered.hpp"

namespace ktb::tasks {
namespace {

class ControlMeter final : public Meter {
 public:
  void add(const Tensor& prediction, const Batch& batch) override {
    returns_.add(prediction.to(at::kDouble));
    right_.add(prediction.gt(batch.y.at("random")));
  }

  Metrics metrics() const override {
    const auto all = returns_.all();
    return {{"return", all.mean().item<double>()},
            {"return_sd", all.numel() > 1 ? all.std().item<double>() : 0.0},
            {"episodes", static_cast<double>(all.numel())}};
  }

  std::vector<bool> correct() const override { return bits(right_.all()); }

 private:
  Gathered returns_, right_;
};

/// [B]: the entry of each row that y["action"] names.
Tensor taken(const Tensor& rows, const Batch& batch) {
  return rows.gather(1, batch.y.at("action").unsqueeze(1)).squeeze(1);
}

}  // namespace

std::unique_ptr<Meter> Control::meter(const Texts&) const {
  return std::make_unique<ControlMeter>();
}

Metrics Control::floor(const Tensors& test_y, const Texts&) const {
  return {{"chance", test_y.at("random").to(at::kDouble).mean().item<double>()}};
}

Tensor QLearning::loss(const Tensor& prediction, const Batch& batch) const {
  return at::huber_loss(taken(prediction.to(at::kFloat), batch), batch.y.at("td_target"),
                        at::Reduction::None);
}

Tensor ActorCritic::logits(const Tensor& prediction) const {
  return prediction.slice(1, 0, spec().outputs - 1);
}

Tensor ActorCritic::loss(const Tensor& prediction, const Batch& batch) const {
  const auto rows = prediction.to(at::kFloat);
  const auto log_p = at::log_softmax(logits(rows), 1), value = rows.select(1, -1);
  const auto& advantage = batch.y.at("advantage");
  const auto& weights = batch.y.at("weights");
  const auto clip = weights.select(1, 0);
  const auto ratio = (taken(log_p, batch) - batch.y.at("log_prob")).exp();
  const auto gain =
      at::min(ratio * advantage, at::min(at::max(ratio, 1 - clip), 1 + clip) * advantage);
  const auto error = (value - batch.y.at("value_target")).square();
  const auto entropy = -(log_p.exp() * log_p).sum(1);
  return -gain + weights.select(1, 1) * error - weights.select(1, 2) * entropy;
}

}  // namespace ktb::tasks
