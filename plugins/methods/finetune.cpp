// Fine-tuning: the target starts from the trunk of a source of its own architecture, with a new
// head, and then trains on its task alone. Frozen features: only the head does.
#include "ktb/plugin.hpp"

namespace {

class Finetune final : public ktb::Method {
 public:
  explicit Finetune(ktb::Options& o)
      : trunk_lr_(o.get("trunk_lr", 1.0, "factor on the trunk's learning rate; TLL's scripts: 0.1",
                        {.least = 0})),
        freeze_(o.get("freeze", false,
                      "the head alone learns, on the features of a trunk in evaluation mode")) {}

  ktb::SourceUse use(std::size_t) const override {
    return {.model = false, .starts_target = true, .head = false};
  }

  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unlike_trunks(); }

  void attach() override {
    if (!freeze_) return;
    for (auto& parameter : ktb::trunk_group(*t().target, 1).parameters)
      parameter.set_requires_grad(false);
  }

  std::vector<ktb::Group> groups() override { return {ktb::trunk_group(*t().target, trunk_lr_)}; }
  ktb::Terms losses(ktb::Step& step) override { return {{"task", step.task_loss()}}; }

  /// Called last: neither dropout nor running statistics move in a frozen trunk.
  void train(bool on) override {
    Method::train(on);
    if (!freeze_ || !on) return;
    t().target->eval();
    t().target->named_modules()[t().target->head_name()]->train();
  }

 private:
  double trunk_lr_;
  bool freeze_;
};

}  // namespace

KTB_METHOD(Finetune, "the target starts from the source's trunk and trains on its own task",
           "Yosinski et al., NeurIPS 2014, arXiv 1411.1792")
