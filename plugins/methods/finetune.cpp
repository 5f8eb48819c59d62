// Fine-tuning: the target starts from the trunk of a source of its own architecture, with a new
// head, and then trains on its task alone.
#include <algorithm>

#include "ktb/plugin.hpp"

namespace {

using Party = ktb::Pairing::Party;

/// Whether the trunks are alike: same widths everywhere, and as many parameters once the heads, one
/// row of weights (with or without a bias) an output, are taken off. Names of plugins do not
/// matter: an alias is the same network.
bool same_trunk(const Party& a, const Party& b) {
  const auto &maps = a.model.features, &others = b.model.features;
  const auto same_width = [](const auto& x, const auto& y) { return x.at(0) == y.at(0); };
  if (a.model.pooled != b.model.pooled ||
      !std::equal(maps.begin(), maps.end(), others.begin(), others.end(), same_width))
    return false;
  const auto difference = a.model.parameters - b.model.parameters;
  const auto outputs = a.task.outputs - b.task.outputs;
  return difference == outputs * (a.model.pooled + 1) || difference == outputs * a.model.pooled;
}

class Finetune final : public ktb::Method {
 public:
  explicit Finetune(ktb::Options&) {}

  ktb::Use use(std::size_t) const override { return {.model = false, .starts_target = true}; }

  std::string unsuited(const ktb::Pairing& p) const override {
    const auto &target = *p.target, &source = p.sources.at(0);
    if (same_trunk(target, source)) return {};
    return "architectures differ: " + target.model.name + " cannot start from the weights of " +
           source.model.name;
  }

  ktb::Terms losses(ktb::Step& step) override { return {{"task", step.task_loss()}}; }
};

}  // namespace

KTB_METHOD(Finetune, "the target starts from the source's trunk and trains on its own task",
           "Yosinski et al., NeurIPS 2014, arXiv 1411.1792")
