// Self-supervised distillation by singular value decomposition: the leading singular vectors of
// each stage, and how they go with those of the stage before. Lee et al., ECCV 2018, arXiv
// 1807.06819. The two public codes decompose different matrices, so their values are unrelated;
// both are here.
#include <ATen/ops/eq.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/where.h>

#include "ktb/maps.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class KdSvd final : public ktb::Method {
 public:
  explicit KdSvd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        kdsvd_(o.get("kdsvd_weight", 1.0, "weight of the squared differences")),
        k_(o.get("k", 1, "singular vectors of the source; the target offers three more",
                 {.least = 1})),
        variant_(
            o.get("variant", "repdistiller",
                  "the matrix of an example: (h w) x c in RepDistiller, (c h) x w in mdistiller",
                  {"repdistiller", "mdistiller"})) {}

  std::string unsuited(const ktb::Pairing& p) const override {
    if (auto reason = ktb::unlike_maps(p); !reason.empty()) return reason;
    const ktb::MapPairs pairs(p);
    const std::size_t axis = variant_ == "repdistiller" ? 0 : 2;
    const char* what = axis == 0 ? "channels" : "widths";
    for (std::size_t i = 0; i < pairs.places.size(); ++i)
      if (pairs.target[i].at(axis) != pairs.source[i].at(axis) ||
          (axis == 2 && pairs.target[i][2] != pairs.target[0][2]))
        return std::string(what) + " of feature " + std::to_string(pairs.places[i]) + " differ";
    if (pairs.places.size() < 2) return "a single stage, and it compares each with the one before";
    return {};
  }
  void attach() override { pairs_ = ktb::MapPairs(t().pairing); }

  ktb::Terms losses(ktb::Step& step) override {
    Tensor sum, own_before, other_before;
    for (const auto k : pairs_.places) {
      const auto source = decompose(step.source().features[k], k_);
      const auto target = decompose(step.target().features[k], k_ + 3);
      const auto strength = source.values.unsqueeze(1);
      const auto other = source.vectors * strength;
      const auto own = aligned(target.vectors, source.vectors) * strength;
      if (own_before.defined()) {
        const auto squares = (kernel(own, own_before) - kernel(other, other_before)).square();
        const auto term = at::where(squares.isfinite(), squares, 0).sum();
        sum = sum.defined() ? sum + term : term;
      }
      own_before = own, other_before = other;
    }
    return {{"task", ce_ * step.task_loss()},
            {"kdsvd", kdsvd_ / static_cast<double>(own_before.size(0)) * sum}};
  }

 private:
  struct Parts {
    Tensor values;   ///< [B, n], of length 1
    Tensor vectors;  ///< [B, d, n]: right singular vectors
  };

  Parts decompose(const Tensor& map, std::int64_t n) const {
    const auto matrix =
        variant_ == "repdistiller" ? map.flatten(2).transpose(1, 2) : map.flatten(1, 2);
    const auto [u, s, v] = at::linalg_svd(matrix, /*full_matrices=*/false);
    const auto kept = std::min(n, s.size(1));
    return {ktb::unit(s.narrow(1, 0, kept)), v.narrow(1, 0, kept).transpose(1, 2)};
  }

  /// The own vectors most like each of the others', with their sign.
  static Tensor aligned(const Tensor& own, const Tensor& others) {
    const auto cosine = own.transpose(1, 2).bmm(others);
    const auto most = cosine.abs().amax(1, true);
    return own.bmm(at::where(cosine.abs().eq(most), cosine.sign(), 0));
  }

  /// [B, d, d', n]: radial basis function of all pairs of entries.
  static Tensor kernel(const Tensor& a, const Tensor& b) {
    return (-(a.unsqueeze(2) - b.unsqueeze(1)).square() / 8).exp();
  }

  double ce_, kdsvd_;
  std::int64_t k_;
  std::string variant_;
  ktb::MapPairs pairs_;
};

}  // namespace

KTB_METHOD(KdSvd, "matches leading singular vectors of a stage with those of the one before",
           "Lee et al., ECCV 2018, arXiv 1807.06819")
