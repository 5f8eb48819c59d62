#include "tasks/retrieval.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/tensor.h>

#include <limits>
#include <map>
#include <optional>

#include "ktb/error.hpp"
#include "tasks/gathered.hpp"
#include "tasks/ranking.hpp"

namespace ktb::tasks {
namespace {

/// InfoNCE's usual value; lower ones let a batch's nearest rival decide alone.
constexpr double kTemperature = 0.07;

/// Entries [N] numbered in the order of their coming, and the row where each comes first.
struct Pictures {
  std::vector<std::int64_t> owner, first;
};

Pictures pictures_of(const Tensor& entries) {
  Pictures pictures;
  std::map<std::int64_t, std::int64_t> numbers;
  for (const auto entry : whole_numbers(entries)) {
    const auto next = static_cast<std::int64_t>(numbers.size());
    const auto [known, is_new] = numbers.emplace(entry, next);
    if (is_new) pictures.first.push_back(static_cast<std::int64_t>(pictures.owner.size()));
    pictures.owner.push_back(known->second);
  }
  return pictures;
}

class RetrievalMeter final : public Meter {
 public:
  explicit RetrievalMeter(const Retrieval& task) : task_(task) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    ranks_.reset();
    embeddings_.add(prediction.to(at::kFloat));
    entries_.add(batch.y.at("entry"));
    losses_.add(task_.loss(prediction.detach(), batch));
  }

  Metrics metrics() const override {
    auto metrics = retrieval_metrics(ranks());
    metrics["loss"] = losses_.mean();
    return metrics;
  }

  std::vector<bool> correct() const override {
    if (entries_.empty()) return {};
    return bits(ranks().text_to_image.eq(1));
  }

 private:
  const Ranks& ranks() const {
    if (!ranks_) {
      const auto all = embeddings_.joined();
      const auto pictures = pictures_of(entries_.all());
      const auto on_device = [&](const std::vector<std::int64_t>& numbers) {
        return at::tensor(numbers, at::kLong).to(all.device());
      };
      ranks_ = retrieval_ranks(all.select(1, 0).index_select(0, on_device(pictures.first)),
                               all.select(1, 1), on_device(pictures.owner));
    }
    return *ranks_;
  }

  const Retrieval& task_;
  Gathered embeddings_, entries_, losses_;
  mutable std::optional<Ranks> ranks_;  ///< of all that was added
};

/// Probability that in a random order of n, m of which are right,
/// one of these is among the first k.
double random_recall(std::int64_t n, std::int64_t m, std::int64_t k) {
  double none = 1;
  for (std::int64_t i = 0; i < std::min(k, n); ++i)
    none *= static_cast<double>(std::max<std::int64_t>(0, n - m - i)) / static_cast<double>(n - i);
  return 1 - none;
}

}  // namespace

Tensor Retrieval::loss(const Tensor& prediction, const Batch& batch) const {
  const auto x = prediction.to(at::kFloat);
  const auto scores =
      unit_rows(x.select(1, 0)).matmul(unit_rows(x.select(1, 1)).t()) / kTemperature;
  const auto& entry = batch.y.at("entry");
  const auto self = at::eye(entry.size(0), entry.options().dtype(at::kBool));
  const auto no_rival = entry.unsqueeze(0).eq(entry.unsqueeze(1)).logical_and(~self);
  const auto rivals = scores.masked_fill(no_rival, -std::numeric_limits<double>::infinity());
  const auto own = at::arange(entry.size(0), entry.options());
  return (at::cross_entropy_loss(rivals, own, {}, at::Reduction::None) +
          at::cross_entropy_loss(rivals.t(), own, {}, at::Reduction::None)) /
         2;
}

std::unique_ptr<Meter> Retrieval::meter(const Texts&) const {
  return std::make_unique<RetrievalMeter>(*this);
}

Metrics Retrieval::floor(const Tensors& test_y, const Texts&) const {
  const auto pictures = pictures_of(test_y.at("entry"));
  if (pictures.first.empty()) throw Error("the test split of " + spec().name + " is empty");
  const auto texts = static_cast<std::int64_t>(pictures.owner.size());
  const auto count = static_cast<std::int64_t>(pictures.first.size());
  std::vector<std::int64_t> captions(pictures.first.size());
  for (const auto owner : pictures.owner) ++captions[static_cast<std::size_t>(owner)];
  double rsum = 0;
  for (const int k : {1, 5, 10}) {
    double found = 0;
    for (const auto own : captions) found += random_recall(texts, own, k);
    rsum += found / static_cast<double>(count) + random_recall(count, 1, k);
  }
  return {{"chance", rsum}};
}

}  // namespace ktb::tasks
