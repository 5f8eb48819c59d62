// Self-supervised distillation by singular value decomposition: the leading singular vectors of
// each stage, and how they go with those of the stage before. Lee et al., ECCV 2018, arXiv
// 1807.06819. The two public codes decompose different matrices, so their values are unrelated;
// both are here.
#include <ATen/ops/eq.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/where.h>

#include <algorithm>

#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class KdSvd final : public ktb::Method {
 public:
  explicit KdSvd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        kdsvd_(o.get("kdsvd_weight", 1.0, "weight of the squared differences")),
        k_(o.get("k", 1, "singular vectors of the source; the target offers three more",
                 {.least = 1})),
        variant_(o.get("variant", "auto",
                       "the matrix of an example: (h w) x c in RepDistiller, (c h) x w in "
                       "mdistiller; auto: the latter where all maps are equally wide",
                       {"auto", "repdistiller", "mdistiller"})) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = ktb::unlike_maps(p); !reason.empty()) return reason;
    const ktb::MapPairs pairs(p);
    const std::size_t axis = along_rows(pairs) ? 2 : 0;
    for (std::size_t i = 0; i < pairs.places.size(); ++i)
      if (pairs.target[i].at(axis) != pairs.source[i].at(axis) ||
          (axis == 2 && !equally_wide(pairs)))
        return std::string(axis == 0 ? "channels" : "widths") + " of feature " +
               std::to_string(pairs.places[i]) + " differ";
    if (pairs.places.size() < 2) return "a single stage, and it compares each with the one before";
    return {};
  }
  void attach() override {
    pairs_ = ktb::MapPairs(t().pairing);
    along_rows_ = along_rows(pairs_);
  }

  ktb::Terms losses(ktb::Step& step) override {
    Tensor sum, own_before, other_before;
    for (const auto k : pairs_.places) {
      const auto target = decompose(step.target().features[k], k_ + 3);
      const auto source = decompose(step.source().features[k], k_);
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

  static bool equally_wide(const ktb::MapPairs& pairs) {
    const auto same = [&](const ktb::MapShape& map) { return map[2] == pairs.target[0][2]; };
    return std::all_of(pairs.target.begin(), pairs.target.end(), same) &&
           std::all_of(pairs.source.begin(), pairs.source.end(), same);
  }
  bool along_rows(const ktb::MapPairs& pairs) const {
    return variant_ == "mdistiller" || (variant_ == "auto" && equally_wide(pairs));
  }

  Parts decompose(const Tensor& map, std::int64_t n) const {
    const auto matrix = along_rows_ ? map.flatten(1, 2) : map.flatten(2).transpose(1, 2);
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
  bool along_rows_ = false;
  ktb::MapPairs pairs_;
};

}  // namespace

KTB_METHOD(KdSvd, "matches leading singular vectors of a stage with those of the one before",
           "Lee et al., ECCV 2018, arXiv 1807.06819")
