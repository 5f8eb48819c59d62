#include "tasks/classification.hpp"

#include <ATen/ops/bincount.h>
#include <ATen/ops/cross_entropy_loss.h>

#include "ktb/error.hpp"
#include "tasks/gathered.hpp"
#include "tasks/metrics.hpp"

namespace ktb::tasks {
namespace {

class ClassificationMeter final : public Meter {
 public:
  explicit ClassificationMeter(const Classification& task) : task_(task) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    const auto logits = prediction.detach().to(at::kFloat);
    const auto ranks = label_ranks(logits, task_.labels(batch));
    right_.add(among_best(ranks, 1));
    if (logits.size(1) > 5) in_five_.add(among_best(ranks, 5));
    losses_.add(task_.loss(logits, batch));
  }

  Metrics metrics() const override {
    Metrics all = {{"top1", right_.mean()}, {"loss", losses_.mean()}};
    if (!in_five_.empty()) all["top5"] = in_five_.mean();
    return all;
  }

  std::vector<bool> correct() const override {
    return right_.empty() ? std::vector<bool>() : bits(right_.all());
  }

 private:
  const Classification& task_;
  Gathered right_, in_five_, losses_;
};

}  // namespace

Tensor Classification::loss(const Tensor& prediction, const Batch& batch) const {
  const auto soft = batch.y.find("soft_label");
  return at::cross_entropy_loss(prediction.to(at::kFloat),
                                soft == batch.y.end() ? labels(batch) : soft->second, {},
                                at::Reduction::None);
}

Tensor Classification::labels(const Batch& batch) const {
  const auto soft = batch.y.find("soft_label");
  return soft == batch.y.end() ? batch.y.at("label") : soft->second.argmax(1);
}

std::unique_ptr<Meter> Classification::meter(const Texts&) const {
  return std::make_unique<ClassificationMeter>(*this);
}

Metrics Classification::floor(const Tensors& test_y, const Texts&) const {
  const auto labels = test_y.at("label").cpu();
  if (labels.numel() == 0) throw Error("the test split of " + spec().name + " is empty");
  const auto most = at::bincount(labels, {}, spec().outputs).max().item<std::int64_t>();
  return {{"chance", 1.0 / static_cast<double>(spec().outputs)},
          {"majority", static_cast<double>(most) / static_cast<double>(labels.numel())}};
}

}  // namespace ktb::tasks
