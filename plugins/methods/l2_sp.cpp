// L2-SP: the target starts from a source of its own architecture and is pulled back to where it
// started, its new head to zero. Every named parameter of the trunk counts, biases and the affine
// part of normalisations included; buffers do not.
// Li, Grandvalet, Davoine: Explicit Inductive Bias for Transfer Learning,
// ICML 2018, arXiv 1802.01483.
#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"

namespace {

class L2Sp final : public ktb::Method {
 public:
  explicit L2Sp(ktb::Options& o)
      : backbone_(o.get("backbone_weight", 0.01, "weight of ||trunk - start||^2 / 2")),
        head_(o.get("head_weight", 0.01, "weight of ||head||^2 / 2")),
        trunk_lr_(o.get("trunk_lr", 0.1, "factor on the trunk's learning rate", {.least = 0})) {}

  ktb::SourceUse use(std::size_t) const override {
    return {.model = false, .starts_target = true, .head = false};
  }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unlike_trunks(); }

  void attach() override {
    for (const auto& item : t().target->named_parameters()) {
      if (t().target->is_head(item.key())) continue;
      const auto path = "start." + item.key();
      const auto dot = path.rfind('.');
      start_.push_back(ktb::submodule(*this, path.substr(0, dot))
                           .register_buffer(path.substr(dot + 1), item.value().detach().clone()));
    }
  }

  /// These penalties stand in for weight decay.
  std::vector<ktb::Group> groups() override {
    return ktb::groups_without_decay(*t().target, trunk_lr_);
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto trunk = ktb::trunk_group(*t().target, 1).parameters;
    const auto head = ktb::head_group(*t().target, 1).parameters;
    return {{"task", step.task_loss()},
            {"backbone", backbone_ * ktb::half_square(trunk, start_)},
            {"head", head_ * ktb::half_square(head)}};
  }

 private:
  double backbone_, head_, trunk_lr_;
  std::vector<ktb::Tensor> start_;  ///< in the order of the trunk's parameters
};

}  // namespace

KTB_METHOD(L2Sp, "fine-tuning with a pull back to the starting point",
           "Li et al., ICML 2018, arXiv 1802.01483")
