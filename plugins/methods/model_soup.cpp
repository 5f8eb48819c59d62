// Model soup: the target starts from the mean of the weights of several models of its own
// architecture, and of their floating-point buffers. With one source it is that source.
// Wortsman et al.: Model soups, ICML 2022, arXiv 2203.05482.
#include <algorithm>

#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class ModelSoup final : public ktb::Method {
 public:
  explicit ModelSoup(ktb::Options& o)
      : freeze_(o.get("freeze", false,
                      "judge the mean as it is, as the paper does, for sources of one common "
                      "start; else it trains on")),
        trunk_lr_(o.get("trunk_lr", 1.0, "factor on the trunk's learning rate", {.least = 0})) {}

  ktb::MethodNeeds needs() const override { return {.most = 0}; }
  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = p.unlike_trunks(); !reason.empty()) return reason;
    return freeze_ && !same_labels(p) ? p.unlike_outputs() : "";
  }

  void attach() override {
    const at::NoGradGuard no_grad;
    const auto mean = [this](const auto& target, const auto& list) {
      for (const auto& item : target)
        if (same_labels(t().pairing) || !t().target->is_head(item.key()))
          average(item.key(), item.value(), list);
    };
    mean(t().target->named_parameters(), [](auto& model) { return model.named_parameters(); });
    mean(t().target->named_buffers(), [](auto& model) { return model.named_buffers(); });
    if (!freeze_) return;
    for (auto& parameter : t().target->parameters()) parameter.set_requires_grad(false);
  }

  std::vector<ktb::Group> groups() override { return {ktb::trunk_group(*t().target, trunk_lr_)}; }
  ktb::Terms losses(ktb::Step& step) override { return {{"task", step.task_loss()}}; }

 private:
  static bool same_labels(const ktb::Pairing& p) {
    for (std::size_t i = 0; i < p.sources.size(); ++i)
      if (!p.same_labels(i)) return false;
    return true;
  }

  /// In double, so that the mean of one is exact. Whole numbers, counters, are the first source's.
  template <class List>
  void average(const std::string& name, Tensor into, const List& list) {
    Tensor sum;
    for (const auto& source : t().sources) {
      const auto all = list(*source);
      const auto* found = all.find(name);
      if (!found || found->sizes() != into.sizes())
        throw ktb::Error("a source has no `" + name + "` of the target's shape");
      const auto wide = found->is_floating_point() ? found->to(at::kDouble) : *found;
      if (!sum.defined())
        sum = wide;
      else if (found->is_floating_point())
        sum = sum + wide;
    }
    if (into.is_floating_point()) sum = sum / static_cast<double>(t().sources.size());
    into.copy_(sum);
  }

  bool freeze_;
  double trunk_lr_;
};

}  // namespace

KTB_METHOD(ModelSoup, "starts from the mean of the weights of several models",
           "Wortsman et al., ICML 2022, arXiv 2203.05482")
