#include "tasks/contrastive.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/eye.h>

#include <limits>

#include "tasks/gathered.hpp"

namespace ktb::tasks {
namespace {

constexpr double kViewTemperature = 0.5, kLeastNorm = 1e-12;

/// [B, B] scaled cosines; a row is not its own neighbour.
Tensor similarities(const Tensor& prediction) {
  const auto rows = prediction.to(at::kFloat);
  const auto unit = rows / rows.norm(2, 1, /*keepdim=*/true).clamp_min(kLeastNorm);
  const auto self = at::eye(rows.size(0), rows.options().dtype(at::kBool));
  return (unit.matmul(unit.t()) / kViewTemperature)
      .masked_fill(self, -std::numeric_limits<double>::infinity());
}

/// [B] which row shows the same picture.
Tensor partners(const Batch& batch) {
  const auto& picture = batch.y.at("picture");
  const auto same = picture.unsqueeze(0).eq(picture.unsqueeze(1));
  return same.to(at::kLong).fill_diagonal_(0).argmax(1);
}

class ContrastiveMeter final : public Meter {
 public:
  explicit ContrastiveMeter(const Contrastive& task) : task_(task) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    found_.add(similarities(prediction.detach()).argmax(1).eq(partners(batch)));
    losses_.add(task_.loss(prediction.detach(), batch));
  }
  Metrics metrics() const override {
    return {{"pairs_found", found_.mean()}, {"loss", losses_.mean()}};
  }
  std::vector<bool> correct() const override { return bits(found_.all()); }

 private:
  const Contrastive& task_;
  Gathered found_, losses_;
};

}  // namespace

Tensor Contrastive::loss(const Tensor& prediction, const Batch& batch) const {
  return at::cross_entropy_loss(similarities(prediction), partners(batch), {}, at::Reduction::None);
}

std::unique_ptr<Meter> Contrastive::meter(const Texts&) const {
  return std::make_unique<ContrastiveMeter>(*this);
}

}  // namespace ktb::tasks
