#include "tasks/regression.hpp"

#include "tasks/gathered.hpp"
#include "tasks/metrics.hpp"

namespace ktb::tasks {
namespace {

class RegressionMeter final : public Meter {
 public:
  explicit RegressionMeter(const Regression& task) : task_(task) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    predictions_.add(prediction.to(at::kFloat).squeeze(1));
    targets_.add(batch.y.at("value"));
    losses_.add(task_.loss(prediction.detach(), batch));
  }

  Metrics metrics() const override {
    Metrics metrics = {{"loss", losses_.mean()}};
    for (const auto& [name, value] : regression_metrics(predictions_.all(), targets_.all()))
      metrics[name] = value.item<double>();
    return metrics;
  }

  std::vector<bool> correct() const override { return {}; }

 private:
  const Regression& task_;
  Gathered predictions_, targets_, losses_;
};

}  // namespace

std::unique_ptr<Meter> Regression::meter(const Texts&) const {
  return std::make_unique<RegressionMeter>(*this);
}

}  // namespace ktb::tasks
