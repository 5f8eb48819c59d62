// Deep mutual learning: peers that train together, each on its task and towards the distributions
// of the others, which are constants to it. All learn from outputs computed before any of them
// steps. Zhang et al., CVPR 2018, arXiv 1706.00384; chxy95/Deep-Mutual-Learning.
#include <ATen/ops/cross_entropy_loss.h>

#include "ktb/plugin.hpp"

namespace {

using ktb::Mode, ktb::Tensor;

class Dml final : public ktb::Method {
 public:
  explicit Dml(ktb::Options& o)
      : temperature_(o.get("temperature", 1.0, "softens all distributions", {.least = 1e-3})),
        kl_(o.get("kl_weight", 1.0, "weight of the mean divergence from the peers")) {}

  ktb::MethodNeeds needs() const override {
    return {.modes = {Mode::kFreshJoint, Mode::kTrainedJoint}, .least = 1, .most = 0};
  }
  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unlike_outputs(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    std::vector<Tensor> peers{lane.logits(step.target().pred)};
    ktb::Terms terms{{"task", step.task_loss()}};
    for (std::size_t i = 0; i < t().sources.size(); ++i) {
      const auto& prediction = step.source(i).pred;
      peers.push_back(lane.logits(prediction));
      terms.emplace_back("task." + std::to_string(i + 1), lane.loss(prediction));
    }
    for (std::size_t i = 0; i < peers.size(); ++i)
      terms.emplace_back("kl." + std::to_string(i), weight(peers) * divergence(peers, i));
    return terms;
  }

  std::vector<std::string> checks() const override { return {"dml"}; }
  void check(ktb::Case& given) override {
    std::vector<Tensor> peers;
    while (given.in.contains(leaf(peers.size()))) peers.push_back(given.in.at(leaf(peers.size())));
    for (std::size_t i = 0; i < peers.size(); ++i) {
      const auto number = "." + std::to_string(i);
      const auto task = at::cross_entropy_loss(peers[i], given.in.at("labels"));
      const auto sum = divergence(peers, i);
      const auto loss = task + weight(peers) * sum;
      given.out["term.ce" + number] = task;
      given.out["term.kl_sum" + number] = sum;
      given.out["term.kl_weighted" + number] = weight(peers) * sum;
      given.out["loss" + number] = loss;
      given.out["loss"] = i == 0 ? loss : given.out["loss"] + loss;
    }
  }

 private:
  static std::string leaf(std::size_t peer) { return "peer." + std::to_string(peer) + ".logits"; }
  double weight(const std::vector<Tensor>& peers) const {
    return kl_ / static_cast<double>(peers.size() - 1);
  }
  /// Sum over the others of KL(other || peer i).
  Tensor divergence(const std::vector<Tensor>& peers, std::size_t i) const {
    auto sum = peers[i].new_zeros({});
    for (std::size_t j = 0; j < peers.size(); ++j)
      if (j != i) sum = sum + ktb::kl_divergence(peers[i], peers[j].detach(), temperature_);
    return sum;
  }

  double temperature_, kl_;
};

}  // namespace

KTB_METHOD(Dml, "peers train together and teach each other",
           "Zhang et al., CVPR 2018, arXiv 1706.00384")
