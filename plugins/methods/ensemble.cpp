// Ensemble: the mean of the members' class probabilities, at the cost of all of them. Members that
// train along each learn the target's task by a loss of their own; those of another label space get
// a new head. Frozen ones are judged as they are.
// Lakshminarayanan et al.: Simple and Scalable Predictive Uncertainty Estimation using Deep
// Ensembles, NeurIPS 2017, arXiv 1612.01474.
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/stack.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Mode, ktb::Tensor;

class Ensemble final : public ktb::Method {
 public:
  explicit Ensemble(ktb::Options&) {}

  ktb::MethodNeeds needs() const override {
    return {.modes = {Mode::kTrained, Mode::kTrainedJoint, Mode::kFreshJoint},
            .most = 0,
            .target = false};
  }
  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }

  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = p.unreadable(); !reason.empty()) return reason;
    if (p.task.kind != "classification")
      return p.task.kind + " has no class distribution to average";
    for (std::size_t i = 0; i < p.sources.size(); ++i)
      if (!p.joint(i) && !p.same_labels(i)) return p.unlike_outputs();
    return {};
  }

  void attach() override {
    const auto& p = t().pairing;
    heads_.assign(p.sources.size(), nullptr);
    for (std::size_t i = 0; i < p.sources.size(); ++i)
      if (!p.same_labels(i))
        heads_[i] = ktb::add_layer(*this, "heads." + std::to_string(i),
                                   torch::nn::Linear(p.sources[i].model.pooled, p.task.outputs));
  }

  ktb::Terms losses(ktb::Step& step) override {
    Tensor sum;
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      const auto own = step.lane().loss(logits(i, step.source(i)));
      sum = sum.defined() ? sum + own : own;
    }
    return {{"task", sum}};
  }

  /// [B, C] logarithms of the mean probabilities.
  Tensor predict(const ktb::Batch& batch) override {
    std::vector<Tensor> all;
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      auto& model = *t().sources[i];
      all.push_back(logits(i, heads_[i] ? model.trunk(batch) : model(batch)).log_softmax(1));
    }
    return at::stack(all).logsumexp(0) - std::log(static_cast<double>(all.size()));
  }

  std::vector<Tensor> deployed() const override {
    auto all = parameters();
    for (std::size_t i = 0; i < heads_.size(); ++i)
      for (const auto& item : t().sources[i]->named_parameters())
        if (!heads_[i] || !t().sources[i]->is_head(item.key())) all.push_back(item.value());
    return all;
  }

 private:
  Tensor logits(std::size_t i, const ktb::Output& output) {
    return heads_[i] ? heads_[i](output.pooled) : output.pred;
  }

  std::vector<torch::nn::Linear> heads_;  ///< of members of another label space, else empty
};

}  // namespace

KTB_METHOD(Ensemble, "the mean of the members' class probabilities",
           "Lakshminarayanan et al., NeurIPS 2017, arXiv 1612.01474")
