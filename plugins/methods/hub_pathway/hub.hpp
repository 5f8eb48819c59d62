#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gating.hpp"
#include "ktb/model.hpp"
#include "ktb/pairing.hpp"

// A hub of models of which every input runs through a few.

namespace ktb::hub_pathway {

/// A light network that says for each input how much each member suits it. Pictures and the like
/// pass four 3x3 convolutions of stride 2, after they were shrunk to at most `side`; ids are
/// embedded and averaged; numbers pass one linear layer; several inputs are added up. Both last
/// layers, `clean` and `noise`, start at 0, so all members are equally likely.
class PathwayGeneratorImpl : public torch::nn::Module {
 public:
  /// Reads all inputs of the target's task; the members are the sources.
  PathwayGeneratorImpl(const Pairing& pairing, std::int64_t side);
  /// Logits, and how their noise spreads; [B, members] each.
  std::pair<Tensor, Tensor> forward(const Batch& batch);

 private:
  std::vector<InputSpec> inputs_;
  std::vector<std::shared_ptr<torch::nn::Module>> eyes_;
  torch::nn::Linear clean_{nullptr}, noise_{nullptr};
};
TORCH_MODULE(PathwayGenerator);

/// Predictions from the gated features of the members that an input chose: a linear layer on all of
/// them side by side, with 0 for those that do not run; or, if `hidden` is above 0, one to that
/// width, ReLU, and another. Layers that predict start at N(0, 0.01^2), without bias.
class PathwayMixtureImpl : public torch::nn::Module {
 public:
  /// `own_heads`: each member has a head `own`, for alone().
  PathwayMixtureImpl(const Pairing& pairing, std::int64_t hidden, bool own_heads);

  /// Member, its features [R, d], the inputs [R] that they belong to.
  using Visit = std::function<void(std::size_t, const Tensor&, const Tensor&)>;
  /// [B, outputs]. A member runs on its inputs alone, whose statistics its batch normalisation
  /// sees; a single input has none, so there it is in evaluation mode.
  Tensor forward(const std::vector<std::shared_ptr<Model>>& members, const Batch& batch,
                 const Gating& gating, const Visit& visit = {});
  /// [R, outputs]: what a member predicts by its own head, or by its part of the mixture.
  Tensor alone(std::size_t member, const Tensor& features);

 private:
  Tensor finished(const Tensor& sum);

  torch::nn::ModuleList mix_, own_;
  torch::nn::Linear last_{nullptr};
  Tensor bias_;
};
TORCH_MODULE(PathwayMixture);

/// Where inputs went.
class RouteMeter {
 public:
  void add(const Gating& gating);
  void clear() { weights_.clear(), chosen_.clear(); }
  Tensor weights() const;  ///< [N, members] of all inputs so far
  /// `share.NAME`: of all runs of a member, that of each; `usage_entropy`: of the mean weights, and
  /// `input_entropy`: the mean over inputs, in nats.
  std::map<std::string, double> figures(const Pairing& pairing) const;

 private:
  std::vector<Tensor> weights_, chosen_;
};

}  // namespace ktb::hub_pathway
