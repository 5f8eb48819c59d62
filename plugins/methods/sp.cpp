// Similarity preserving: pairs of examples that are alike to the source become alike to the target,
// by the Gram matrices of the last maps. Tung and Mori, ICCV 2019, arXiv 1907.09682.
#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Sp final : public ktb::Method {
 public:
  explicit Sp(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        sp_(o.get("sp_weight", 3000.0, "weight of the squared difference, divided by B^2")) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unreadable(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto difference = similarity(step.target()) - similarity(step.source());
    return {{"task", ce_ * step.task_loss()}, {"sp", sp_ * difference.square().mean()}};
  }

 private:
  /// [B, B]: rows of length 1.
  static Tensor similarity(const ktb::Output& output) {
    const auto rows = output.features.back().flatten(1);
    return ktb::unit(rows.matmul(rows.t()));
  }

  double ce_, sp_;
};

}  // namespace

KTB_METHOD(Sp, "matches which examples of a batch are alike",
           "Tung and Mori, ICCV 2019, arXiv 1907.09682")
