// Neuron selectivity transfer: the distribution of channels, as patterns over positions, becomes
// the source's, by a maximum mean discrepancy with the kernel (a . b)^2.
// Huang and Wang, 2017, arXiv 1707.01219.
#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Nst final : public ktb::Method {
 public:
  explicit Nst(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        nst_(o.get("nst_weight", 50.0, "weight of the discrepancy")) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return ktb::unlike_maps(p); }
  void attach() override { pairs_ = ktb::MapPairs(t().pairing); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto &target = step.target(), &source = step.source();
    const auto sum = ktb::sum_stages(pairs_, target, source,
                                     [](std::size_t, const Tensor& own, const Tensor& other) {
                                       return discrepancy(channels(own), channels(other));
                                     });
    return {{"task", ce_ * step.task_loss()}, {"nst", nst_ * sum}};
  }

 private:
  /// [B, c, h w]: each channel of length 1.
  static Tensor channels(const Tensor& map) { return ktb::unit(map.flatten(2), 2); }
  static Tensor kernel(const Tensor& a, const Tensor& b) {
    return a.bmm(b.transpose(1, 2)).square().mean();
  }
  static Tensor discrepancy(const Tensor& target, const Tensor& source) {
    return kernel(source, source) + kernel(target, target) - 2 * kernel(target, source);
  }

  double ce_, nst_;
  ktb::MapPairs pairs_;
};

}  // namespace

KTB_METHOD(Nst, "matches the distribution of channels' patterns, stage by stage",
           "Huang and Wang, 2017, arXiv 1707.01219")
