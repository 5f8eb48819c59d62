// Hard parameter sharing: one trunk, the target's, and a head for each task; every step draws a
// batch of each task and weighs their losses, equally unless told otherwise. Caruana: Multitask
// Learning, Machine Learning 28, 1997; LibMTL's HPS with equal weights.
#include "ktb/plugin.hpp"

namespace {

using ktb::Mode, ktb::Model;

class HardSharing final : public ktb::Method {
 public:
  explicit HardSharing(ktb::Options& o)
      : weights_(o.get("weights", std::vector<double>{},
                       "of the target's loss, then of each source's; none: 1 / number of tasks",
                       {.least = 0})) {}

  ktb::MethodNeeds needs() const override {
    return {.modes = {Mode::kFreshJoint, Mode::kTrainedJoint}, .most = 0};
  }
  ktb::SourceUse use(std::size_t) const override { return {.features = false, .batches = true}; }

  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = p.unlike_trunks(); !reason.empty()) return reason;
    for (const auto& source : p.sources)
      if (!ktb::can_read(p.target->model, source.task))
        return p.target->model.name + " cannot read the inputs of " + source.task.name;
    return {};
  }

  /// The trunk of the first source that brings one is where the shared one starts.
  void attach() override {
    const auto& sources = t().pairing.sources;
    for (std::size_t i = sources.size(); i-- > 0;)
      if (sources[i].mode == Mode::kTrainedJoint) ktb::copy_trunk(*t().sources[i], *t().target);
    for (const auto& source : t().sources) share_trunk(*source);
    if (weights_.empty()) weights_.assign(1 + sources.size(), 1.0 / (1.0 + sources.size()));
    if (weights_.size() != 1 + sources.size())
      throw ktb::OptionError("weights", "option `weights` takes one number for each of the " +
                                            std::to_string(1 + sources.size()) + " tasks");
  }

  ktb::Terms losses(ktb::Step& step) override {
    ktb::Terms terms{{"task", weights_[0] * step.task_loss()}};
    for (int i = 0; i < static_cast<int>(t().sources.size()); ++i) {
      const auto prediction = t().sources[i]->head(step.run(ktb::kTarget, i));
      terms.emplace_back("task." + std::to_string(i + 1),
                         weights_[i + 1] * step.lane(i).loss(prediction));
    }
    return terms;
  }

 private:
  /// From now on the source's trunk is the memory of the target's, so that the source, too, is
  /// judged with what was learnt. Only the target's parameters get gradients.
  void share_trunk(Model& source) const {
    const auto adopt = [&](const auto& own, const auto& shared, bool learned) {
      for (const auto& item : own) {
        if (source.is_head(item.key())) continue;
        const auto* twin = shared.find(item.key());
        if (!twin || twin->sizes() != item.value().sizes())
          throw ktb::Error("the trunks differ: the target has no " + item.key() + " of that shape");
        ktb::Tensor tensor = item.value();
        if (learned) tensor.set_requires_grad(false);
        tensor.set_data(twin->detach());
      }
    };
    adopt(source.named_parameters(), t().target->named_parameters(), true);
    adopt(source.named_buffers(), t().target->named_buffers(), false);
  }

  std::vector<double> weights_;
};

}  // namespace

KTB_METHOD(HardSharing, "one trunk learns all tasks, each with a head of its own",
           "Caruana, Machine Learning 28, 1997")
