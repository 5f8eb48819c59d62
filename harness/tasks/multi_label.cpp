#include "tasks/multi_label.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>

#include "ktb/error.hpp"
#include "tasks/gathered.hpp"
#include "tasks/metrics.hpp"

namespace ktb::tasks {
namespace {

class MultiLabelMeter final : public Meter {
 public:
  explicit MultiLabelMeter(const MultiLabel& task) : task_(task) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    scores_.add(comparable(prediction));
    labels_.add(batch.y.at("labels"));
    losses_.add(task_.loss(prediction.detach(), batch));
  }

  Metrics metrics() const override {
    const auto all = classification_metrics("multi_label",
                                            {{"scores", scores_.all()}, {"labels", labels_.all()}});
    Metrics metrics = {{"map", all.at("map_labels_with_positives").item<double>()},
                       {"loss", losses_.mean()}};
    for (const char* name :
         {"micro_f1", "macro_f1", "samples_f1", "hamming_loss", "subset_accuracy"})
      metrics[name] = all.at(name).item<double>();
    return metrics;
  }

  std::vector<bool> correct() const override {
    if (scores_.empty()) return {};
    return bits(scores_.all().gt(0).eq(labels_.all().gt(0)).all(1));
  }

 private:
  const MultiLabel& task_;
  Gathered scores_, labels_, losses_;
};

}  // namespace

Tensor MultiLabel::loss(const Tensor& prediction, const Batch& batch) const {
  return at::binary_cross_entropy_with_logits(prediction.to(at::kFloat),
                                              batch.y.at("labels").to(at::kFloat), {}, {},
                                              at::Reduction::None)
      .mean(1);
}

std::unique_ptr<Meter> MultiLabel::meter(const Texts&) const {
  return std::make_unique<MultiLabelMeter>(*this);
}

Metrics MultiLabel::floor(const Tensors& test_y, const Texts&) const {
  const auto labels = test_y.at("labels").to(at::kCPU, at::kDouble);
  const auto n = static_cast<double>(labels.size(0));
  auto positives = labels.sum(0);
  positives = positives.masked_select(positives.gt(0));
  if (positives.numel() == 0)
    throw Error("no example of the test split of " + spec().name + " has a label");
  // Of a label with p of n: the item at rank r is a hit with probability p / n, and given that,
  // each of the r - 1 before it with probability (p - 1) / (n - 1).
  const auto harmonic = at::arange(1, n + 1, at::kDouble).reciprocal().sum();
  const auto random =
      n > 1 ? (harmonic + (positives - 1) / (n - 1) * (n - harmonic)) / n : positives / n;
  return {{"chance", random.mean().item<double>()},
          {"majority", (positives / n).mean().item<double>()}};
}

}  // namespace ktb::tasks
