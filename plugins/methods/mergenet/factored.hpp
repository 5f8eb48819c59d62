#pragma once
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "ktb/case.hpp"
#include "ktb/method.hpp"
#include "ktb/options.hpp"

// Weights as products of two factors of low rank that learn in their stead.

namespace ktb::mergenet {

/// factor * B A in memory order as a weight of those sizes: of a convolution of k x k, A is
/// [rank k, in k] and B [out k, rank k]. Fantasylii/mergenet.
Tensor weight_of(const Tensor& b, const Tensor& a, double factor, at::IntArrayRef sizes);

/// What a method's options say of its factors.
struct FactorOptions {
  explicit FactorOptions(Options& options);

  std::int64_t rank;  ///< at most; a matrix may not have as much
  double alpha;       ///< the product is multiplied by alpha / rank
  std::string init;
  bool residual;
};

/// Replaces a model's weight W by alpha / rank * B A, or by what is left of W plus that. The model
/// keeps its parameters: W is written anew after each change of a factor, and W's gradient becomes
/// that of A and B while it is computed. A frozen weight is only factored, never written.
class FactoredWeightImpl : public torch::nn::Module {
 public:
  /// `fresh`: W holds no knowledge yet, so that option `init` = auto may draw new factors.
  FactoredWeightImpl(const Tensor& weight, const FactorOptions& options, bool fresh);

  void write();
  const Tensor& weight() const { return weight_; }

  Tensor A, B;

 private:
  void draw();
  void decompose();
  void learn_for_weight();
  Tensor product() const { return weight_of(B, A, factor_, weight_.sizes()); }

  Tensor weight_, rest_;
  bool learns_;
  double factor_;
};
TORCH_MODULE(FactoredWeight);

/// A group that keeps the weights themselves away from the optimisers.
Group written_weights(const std::vector<FactoredWeight>& factored);

/// Answers the cases of mergenet_lowrank, which hold the factors of one layer and what it reads.
void check_factors(Case& given);

}  // namespace ktb::mergenet
