// Overhaul of feature distillation: maps before their activation, the source's cut off from below
// by the mean of its negative values, which its normalisation tells.
// Heo et al., ICCV 2019, arXiv 1904.01866; mdistiller.
#include <cmath>
#include <numbers>

#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Ofd final : public ktb::Method {
 public:
  explicit Ofd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        ofd_(
            o.get("ofd_weight", 0.001, "weight of the squared differences, summed over positions")),
        kernel_(o.get("connector_kernel", 1, "kernel of the connectors", {.least = 1})) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = ktb::unlike_maps(p); !reason.empty()) return reason;
    const auto& source = p.sources.at(0).model;
    return levels(p).empty()
               ? source.name +
                     " has no normalisation in front of its activations to take margins of"
               : "";
  }

  void attach() override {
    for (const auto& [own, other] : levels(t().pairing)) {
      const auto number = std::to_string(own);
      const auto in = t().pairing.target->model.features[own][0];
      const auto out = t().pairing.sources.at(0).model.features[other][0];
      const auto at = "connector." + number + ".";
      levels_.push_back(
          {own, other,
           ktb::ConvNorm(*this, at + "conv", at + "bn", {.in = in, .out = out, .kernel = kernel_}),
           ktb::submodule(*this, "margin")
               .register_buffer(number, margin(other).view({1, -1, 1, 1}))});
      note("margin." + number, levels_.back().margin.flatten());
    }
  }

  ktb::Terms losses(ktb::Step& step) override {
    Tensor sum;
    double weight = 1;
    for (std::size_t i = levels_.size(); i-- > 0; weight /= 2) {
      const auto& level = levels_[i];
      const auto own = level.connector(step.target().before_activation(level.own));
      const auto wanted = wanted_like(own, step.source().before_activation(level.other), level);
      const auto matters = own.gt(wanted).logical_or(wanted.gt(0));
      const auto term =
          weight / static_cast<double>(own.size(0)) * ((own - wanted).square() * matters).sum();
      sum = sum.defined() ? sum + term : term;
    }
    return {{"task", ce_ * step.task_loss()}, {"ofd", ofd_ * sum}};
  }

 private:
  struct Level {
    std::size_t own, other;  ///< places among the features
    ktb::ConvNorm connector;
    Tensor margin;  ///< [1, c, 1, 1]
  };

  /// Stages whose source has a normalisation, paired from the last one on.
  static std::vector<std::pair<std::size_t, std::size_t>> levels(const ktb::Pairing& p) {
    const auto& own = p.target->model.features;
    const auto& source = p.sources.at(0).model;
    std::vector<std::pair<std::size_t, std::size_t>> all;
    for (std::size_t i = own.size(), j = source.features.size(); i > 1 && j > 1; --i, --j) {
      const bool known = j - 1 < source.preact_norms.size() && !source.preact_norms[j - 1].empty();
      if (known && own[i - 1].size() == 3 && source.features[j - 1].size() == 3)
        all.emplace(all.begin(), i - 1, j - 1);
    }
    return all;
  }

  /// Mean of the negative values of a normal variable with the normalisation's weight as deviation
  /// and its bias as mean.
  Tensor margin(std::size_t place) const {
    const auto& norm = t().pairing.sources.at(0).model.preact_norms.at(place);
    const auto parameter = [&](const char* name) {
      return t().sources.at(0)->site(norm + name).detach().to(at::kDouble);
    };
    const auto s = parameter(".weight").abs(), m = parameter(".bias");
    const auto share = 0.5 * (m / (s * std::numbers::sqrt2)).erfc();
    const auto density = (-0.5 * (m / s).square()).exp() / std::sqrt(2 * std::numbers::pi);
    return at::where(share > 0.001, m - s * density / share, -3 * s).to(at::kFloat);
  }

  static Tensor wanted_like(const Tensor& own, const Tensor& source, const Level& level) {
    return ktb::pooled_like(source, own).maximum(level.margin).detach();
  }

  double ce_, ofd_;
  std::int64_t kernel_;
  std::vector<Level> levels_;
};

}  // namespace

KTB_METHOD(Ofd, "matches maps before their activation, above the source's margins",
           "Heo et al., ICCV 2019, arXiv 1904.01866")
