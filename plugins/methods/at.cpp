// Attention transfer: where the target looks, the sum over channels of powers of its maps, becomes
// where the source looks, stage by stage. Zagoruyko and Komodakis, ICLR 2017, arXiv 1612.03928.
#include <ATen/ops/mse_loss.h>

#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class At final : public ktb::Method {
 public:
  explicit At(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        at_(o.get("at_weight", 1000.0, "weight of the attention maps' mean squared difference")),
        p_(o.get("p", 2, "power of the activations", {.least = 1})) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return ktb::unlike_maps(p); }
  void attach() override { pairs_ = ktb::MapPairs(t().pairing); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto &target = step.target(), &source = step.source();
    const auto sum = ktb::sum_stages(
        pairs_, target, source, [&](std::size_t i, const Tensor& own, const Tensor& other) {
          const auto difference = at::mse_loss(attention(own), attention(other));
          note("term.at." + std::to_string(pairs_.places[i]), difference);
          return difference;
        });
    return {{"task", ce_ * step.task_loss()}, {"at", at_ * sum}};
  }

 private:
  /// [B, h w] of length 1.
  Tensor attention(const Tensor& map) const {
    return ktb::unit(ktb::channel_mean(map.pow(p_)).flatten(1));
  }

  double ce_, at_;
  std::int64_t p_;
  ktb::MapPairs pairs_;
};

}  // namespace

KTB_METHOD(At, "matches where networks look, stage by stage",
           "Zagoruyko and Komodakis, ICLR 2017, arXiv 1612.03928")
