// Learning without forgetting: the target's trunk under the source's head shall go on saying what
// the source said of each training example before. As in thuml's Transfer-Learning-Library, the
// divergence is not multiplied by T^2, and the source's head trains along.
// Li, Hoiem: Learning without Forgetting, ECCV 2016, arXiv 1606.09282.
#include <ATen/ops/zeros.h>

#include "ktb/plugin.hpp"
#include "ktb/transfer/second_head.hpp"

namespace {

class Lwf final : public ktb::Method {
 public:
  explicit Lwf(ktb::Options& o)
      : weight_(o.get("lwf_weight", 4.0, "weight of KL(before || now), without T^2")),
        temperature_(o.get("temperature", 3.0, "softens both distributions", {.least = 1e-3})),
        trunk_lr_(ktb::second_head_lr(o)) {}

  ktb::SourceUse use(std::size_t) const override { return ktb::second_head_use(); }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (p.task.train_size == 0) return p.task.name + " has no fixed training examples to remember";
    return ktb::unlike_second_head(p);
  }

  void attach() override {
    const auto& p = t().pairing;
    stored_ =
        register_buffer("stored", at::zeros({p.task.train_size, p.sources.at(0).task.outputs}));
  }

  std::vector<ktb::Group> groups() override { return ktb::second_head_groups(t(), trunk_lr_); }

  void survey(const ktb::Survey& over) override {
    over([this](ktb::Step& step) {
      stored_.index_copy_(0, step.lane().batch.index, step.source().pred);
    });
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto now = t().sources[0]->head(step.target());
    const auto before = step.draw("stored.source_head_logits",
                                  [&] { return stored_.index_select(0, step.lane().batch.index); });
    const auto softened = ktb::kl_divergence(now, before, temperature_);
    return {{"task", step.task_loss()},
            {"lwf", weight_ / (temperature_ * temperature_) * softened}};
  }

 private:
  double weight_, temperature_, trunk_lr_;
  ktb::Tensor stored_;  ///< [N, classes of the source]
};

}  // namespace

KTB_METHOD(Lwf, "fine-tuning that keeps what the source's head says",
           "Li and Hoiem, ECCV 2016, arXiv 1606.09282")
