// DELTA: fine-tuning whose feature maps stay close to the source's, channel by channel, by how much
// the source's loss on the target's task rises without the channel. Maps are the outputs of the
// stages; thuml's library takes the last convolution of each. Where that code zeroes a
// convolution's filter, this zeroes the channel's weight and bias in the normalisation before the
// stage's last activation; a map without one counts all channels alike. Li et al.: DELTA: Deep
// Learning Transfer Using Feature Map with Attention, ICLR 2019, arXiv 1901.09229.
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include "channels.hpp"
#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"
#include "ktb/transfer/probe.hpp"
#include "ktb/transfer/regression.hpp"

namespace {

using ktb::Tensor;

class Delta final : public ktb::Method {
 public:
  explicit Delta(ktb::Options& o)
      : backbone_(o.get("backbone_weight", 0.01, "weight of the maps' squared distances / 2")),
        head_(o.get("head_weight", 0.01, "weight of ||head||^2 / 2")),
        kind_(o.get("kind", "attention",
                    "attention: channels weighted by C/(HW) times what they mean to the source; "
                    "feature_map: plain",
                    {"attention", "feature_map"})),
        epochs_(o.get("attention_epochs", 10, "rounds of L-BFGS for the source's new head",
                      {.least = 1})),
        batches_(o.get("attention_batches", 10,
                       "channels are measured on that many times 32 examples, evenly spread",
                       {.least = 1})),
        divisor_(o.get("divisor", 5.0, "of the standardised rise of the loss, before the softmax",
                       {.least = 1e-3})),
        trunk_lr_(o.get("trunk_lr", 0.1, "factor on the trunk's learning rate", {.least = 0})) {}

  ktb::SourceUse use(std::size_t) const override { return {.starts_target = true, .head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = p.unlike_trunks(); !reason.empty()) return reason;
    if (auto reason = ktb::unlike_maps(p); !reason.empty()) return reason;
    return kind_ == "attention" && p.task.kind != "classification"
               ? p.task.kind + " has no classes to measure channels by; use kind = feature_map"
               : "";
  }

  void attach() override {
    const ktb::MapPairs pairs(t().pairing);
    places_ = pairs.places;
    if (kind_ != "attention") return;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const auto channels = pairs.target[i].at(0);
      const auto alike = at::full({channels}, 1.0 / static_cast<double>(channels));
      attention_.push_back(
          ktb::submodule(*this, "attention").register_buffer(std::to_string(places_[i]), alike));
    }
  }

  /// These penalties stand in for weight decay.
  std::vector<ktb::Group> groups() override {
    return ktb::groups_without_decay(*t().target, trunk_lr_);
  }

  void survey(const ktb::Survey& over) override {
    if (kind_ != "attention") return;
    const auto& task = t().pairing.task;
    const auto seen = ktb::survey_rows(over, {0});
    const auto head = ktb::softmax_regression(with_bias(seen.pooled[0]), seen.labels, task.outputs,
                                              kPenalty, epochs_);
    const auto sample = ktb::delta::survey_sample(over, task.train_size, 32 * batches_);
    const auto norms = t().sources[0]->preact_norms();
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] >= norms.size() || norms[places_[i]].empty()) continue;
      const auto rise = ktb::delta::rise_without_channel(*t().sources[0], norms[places_[i]],
                                                         [&] { return loss(head, sample); });
      if (rise.sizes() == attention_[i].sizes()) attention_[i].copy_(weigh(rise));
    }
  }

  ktb::Terms losses(ktb::Step& step) override {
    auto sum = at::zeros({}, step.target().pred.options());
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const auto& own = step.target().features.at(places_[i]);
      auto square = (own - step.source().features.at(places_[i])).square().sum({0, 2, 3});
      if (kind_ == "attention")
        square = square * attention_[i] *
                 (static_cast<double>(own.size(1)) / static_cast<double>(own[0][0].numel()));
      sum = sum + square.sum();
    }
    const auto head = ktb::head_group(*t().target, 1).parameters;
    return {{"task", step.task_loss()},
            {"backbone", backbone_ / 2 * sum},
            {"head", head_ * ktb::half_square(head)}};
  }

  std::vector<std::string> checks() const override { return {"delta"}; }
  void check(ktb::Case& given) override {
    const std::string input = "loss_increase";
    for (const auto& [name, rise] : given.in)
      if (name.starts_with(input)) given.out["attention" + name.substr(input.size())] = weigh(rise);
  }

 private:
  static Tensor with_bias(const Tensor& rows) { return at::constant_pad_nd(rows, {0, 1}, 1); }

  /// [C] from the mean rise of the loss without each channel; alike where all rises are.
  Tensor weigh(const Tensor& rise) const {
    const auto x = rise.to(at::kDouble);
    const auto deviation = x.std(/*unbiased=*/false).clamp_min(1e-30);
    return ((x - x.mean()) / deviation / divisor_).softmax(0);
  }

  /// The source's mean loss on the sample under `head`.
  double loss(const Tensor& head, const std::vector<ktb::Lane>& sample) const {
    double sum = 0, rows = 0;
    for (const auto& lane : sample) {
      const auto pooled = t().sources[0]->trunk(lane.batch).pooled;
      sum += lane.losses(at::linear(with_bias(pooled), head)).sum().item<double>();
      rows += static_cast<double>(lane.batch.size());
    }
    return sum / rows;
  }

  static constexpr double kPenalty = 1e-4;

  double backbone_, head_;
  std::string kind_;
  std::int64_t epochs_, batches_;
  double divisor_, trunk_lr_;
  std::vector<std::size_t> places_;  ///< of the compared feature maps
  std::vector<Tensor> attention_;    ///< [C] of each place
};

}  // namespace

KTB_METHOD(Delta, "fine-tuning with feature maps held to the source's where they matter",
           "Li et al., ICLR 2019, arXiv 1901.09229")
