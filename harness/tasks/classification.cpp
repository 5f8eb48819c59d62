#include "tasks/classification.hpp"

#include <ATen/ops/bincount.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/nan_to_num.h>
#include <ATen/ops/where.h>

#include <limits>

#include "ktb/error.hpp"
#include "tasks/gathered.hpp"
#include "tasks/metrics.hpp"

namespace ktb::tasks {
namespace {

/// [N] the class that stands for each row of [N, C]: its label where that is right, else the
/// strongest of the others, so that ties and NaN count here as they do there.
Tensor decided(const Tensor& logits, const Tensor& labels, const Tensor& right) {
  constexpr double kLeast = std::numeric_limits<float>::lowest();
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const auto others =
      at::nan_to_num(logits, kLeast, {}, kLeast).scatter(1, labels.unsqueeze(1), kNever);
  return at::where(right, labels, others.argmax(1));
}

class ClassificationMeter final : public Meter {
 public:
  explicit ClassificationMeter(const Classification& task) : task_(task) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    const auto logits = prediction.detach().to(at::kFloat);
    const auto labels = task_.labels(batch);
    const auto ranks = label_ranks(logits, labels), right = among_best(ranks, 1);
    right_.add(right);
    places_.add(labels * logits.size(1) + decided(logits, labels, right));
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

  Tensor confusion() const override {
    const auto classes = task_.spec().outputs;
    return at::bincount(places_.all(), {}, classes * classes).view({classes, classes});
  }

 private:
  const Classification& task_;
  Gathered right_, in_five_, losses_;
  Gathered places_;  ///< in the confusion, its rows one after the other
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
