#include "tasks/reconstruction.hpp"

#include <ATen/TensorOperators.h>

#include "tasks/gathered.hpp"

namespace ktb::tasks {
namespace {

class ReconstructionMeter final : public Meter {
 public:
  explicit ReconstructionMeter(const Reconstruction& task) : task_(task) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    const auto wanted = batch.y.at("pixels").to(at::kDouble);
    losses_.add(task_.loss(prediction.detach(), batch));
    sums_.add(wanted.sum(0, /*keepdim=*/true));
    squares_.add(wanted.square().sum(0, /*keepdim=*/true));
    size_ += static_cast<double>(wanted.size(0));
  }

  Metrics metrics() const override {
    const auto sums = sums_.joined().sum(0);
    const auto variance = squares_.joined().sum(0) / size_ - (sums / size_).square();
    return {{"r2", 1 - losses_.mean() / variance.mean().item<double>()}, {"loss", losses_.mean()}};
  }

  std::vector<bool> correct() const override { return {}; }

 private:
  const Reconstruction& task_;
  Gathered losses_, sums_, squares_;
  double size_ = 0;
};

}  // namespace

std::unique_ptr<Meter> Reconstruction::meter(const Texts&) const {
  return std::make_unique<ReconstructionMeter>(*this);
}

}  // namespace ktb::tasks
