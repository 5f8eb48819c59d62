// SemCKD: every map of the target learns from every map of the source, by an attention that
// compares which examples of the batch each finds alike. Chen et al., AAAI 2021, arXiv 2012.03236;
// DefangChen/SimKD. Its query and key networks read rows of a B x B matrix, so the width is the
// batch size, and smaller batches are left out.
#include <ATen/ops/stack.h>
#include <torch/nn/modules/linear.h>

#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/layers.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

/// Rows [B, B] to [B, 2 B / f - B / f], of length 1.
struct RowNetwork {
  RowNetwork(torch::nn::Module& root, const std::string& at, std::int64_t batch,
             std::int64_t factor)
      : linear1(
            ktb::add_layer(root, at + ".linear1", torch::nn::Linear(batch, 2 * (batch / factor)))),
        linear2(ktb::add_layer(root, at + ".linear2",
                               torch::nn::Linear(2 * (batch / factor), batch / factor))) {}
  Tensor operator()(const Tensor& map) {
    const auto rows = map.flatten(1);
    return ktb::unit(linear2(linear1(rows.matmul(rows.t())).relu_()), 1, 0);
  }
  torch::nn::Linear linear1, linear2;
};

class SemCkd final : public ktb::Method {
 public:
  explicit SemCkd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        semckd_(o.get("semckd_weight", 400.0, "weight of the attended mean squared errors")),
        factor_(o.get("factor", 4, "the batch size over the width of queries", {.least = 1})),
        soft_(o.get("soft", 1.0, "temperature of the attention", {.least = 1e-3})) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return ktb::unlike_maps(p); }

  void attach() override {
    own_ = maps(t().pairing.target->model);
    others_ = maps(t().pairing.sources.at(0).model);
    const auto batch = t().budget.batch;
    if (batch < factor_)
      throw ktb::Error("a batch of " + std::to_string(batch) + " is smaller than `factor`, " +
                       std::to_string(factor_) + "; choose a larger batch or a smaller factor");
    for (const auto& [i, width] : own_)
      queries_.emplace_back(*this, "attention.query." + std::to_string(i), batch, factor_);
    for (const auto& [j, width] : others_)
      keys_.emplace_back(*this, "attention.key." + std::to_string(j), batch, factor_);
    for (const auto& [i, in] : own_)
      for (const auto& [j, out] : others_)
        projectors_.push_back(ktb::add_layer(
            *this, "attention.projector." + std::to_string(i) + "." + std::to_string(j),
            ktb::ConvBottleneck(in, 2 * out, out, /*last_norm=*/false)));
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto &target = step.target(), &source = step.source();
    ktb::Terms terms{{"task", ce_ * step.task_loss()}};
    if (target.pred.size(0) != t().budget.batch) return terms;
    std::vector<Tensor> queries, keys, errors;
    for (std::size_t i = 0; i < own_.size(); ++i)
      queries.push_back(queries_[i](target.features[own_[i].first]));
    for (std::size_t j = 0; j < others_.size(); ++j)
      keys.push_back(keys_[j](source.features[others_[j].first]));
    for (std::size_t i = 0; i < own_.size(); ++i)
      for (std::size_t j = 0; j < others_.size(); ++j) {
        auto [own, other] =
            ktb::equal_size(target.features[own_[i].first], source.features[others_[j].first]);
        const auto error = projectors_[i * others_.size() + j](own) - other;
        errors.push_back(error.square().sum({1, 2, 3}) / error[0].numel());
      }
    // Attention [B, I, J]; errors of each example in the same order.
    const auto attention = (at::stack(queries, 1).bmm(at::stack(keys, 2)) / soft_).softmax(2);
    note("attention", attention);
    const auto sum = (attention.flatten(1) * at::stack(errors, 1)).sum();
    const auto share = static_cast<double>(attention.size(0) * attention.size(1));
    terms.emplace_back("semckd", semckd_ / share * sum);
    return terms;
  }

 private:
  /// Place and channels of each map behind the stem.
  using Maps = std::vector<std::pair<std::size_t, std::int64_t>>;
  static Maps maps(const ktb::ModelCard& model) {
    Maps all;
    for (std::size_t k = 1; k < model.features.size(); ++k)
      if (model.features[k].size() == 3) all.emplace_back(k, model.features[k][0]);
    return all;
  }

  double ce_, semckd_;
  std::int64_t factor_;
  double soft_;
  Maps own_, others_;
  std::vector<RowNetwork> queries_, keys_;
  std::vector<ktb::ConvBottleneck> projectors_;
};

}  // namespace

KTB_METHOD(SemCkd, "every map learns from every map of the source, by attention over likeness",
           "Chen et al., AAAI 2021, arXiv 2012.03236")
