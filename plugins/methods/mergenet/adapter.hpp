#pragma once
#include <torch/nn/modules/container/modulelist.h>

#include <map>
#include <string>
#include <vector>

#include "ktb/case.hpp"
#include "ktb/method.hpp"
#include "ktb/options.hpp"
#include "products.hpp"

// Weights made anew from other weights: MergeNet, arXiv 2404.13322.

namespace ktb::mergenet {

/// Sizes of a MatrixAdapter and how it is regularised.
struct AdapterShape {
  std::int64_t m = 0, n = 0;  ///< the matrix that is made anew, [m, n]
  std::int64_t p = 0, q = 0;  ///< the one it learns from, [p, q]
  std::int64_t layers = 2, heads = 8;
  double attention_dropout = 0, ffn_dropout = 0, norm_eps = 1e-12;
  std::string directions = "all";  ///< or one of xx, xy, yx, yy alone
  bool gated = false;
};

/// Makes a matrix anew from itself and another of any size: MergeNet's knowledge transfer layers.
/// In each, rows (x) and columns (y) of the first attend to rows and columns of the second, as
/// `xx`, `xy`, `yx`, `yy`; their mean passes a spectrally normalised feed-forward block.
class MatrixAdapterImpl : public torch::nn::Module {
 public:
  explicit MatrixAdapterImpl(const AdapterShape& shape);
  /// [m, n] from a [m, n] and b [p, q].
  Tensor forward(Tensor a, const Tensor& b);
  /// Of each layer and direction, `0.xx`, what forward would attend to: [heads, tokens of a,
  /// tokens of b].
  Tensors attention(Tensor a, const Tensor& b);
  /// What of the result is written, learned from 0 on; undefined where that is not learned.
  const Tensor& gate() const { return gate_; }
  /// Fills the gradients by the delta rule: `delta` is what training took from `made`, which is the
  /// learning rate times the gradient (smoothed by its momentum), so the vector-Jacobian product is
  /// the chain rule through the weight that was written.
  void follow(const Tensor& made, const Tensor& delta);

 private:
  torch::nn::ModuleList ktl_;
  MatrixFan reading_;  ///< keys and values of all layers, since all read b
  Tensor gate_;
};
TORCH_MODULE(MatrixAdapter);

/// What a method's options say of its adapters.
struct AdapterOptions {
  explicit AdapterOptions(Options& options);

  bool take_part(std::int64_t step) const {
    return step % f == 0 && (write_to < 0 || step < write_to);
  }

  std::int64_t f, write_from, write_to;  ///< steps; -1: none
  AdapterShape shape;                    ///< its extents are the matrices'
  double share;                          ///< of what is made in what is written; 1: overwritten
  std::string rescale;
  double warm;  ///< share of the training before the rate falls
  Recipe recipe;
};

/// Makes a live matrix anew from itself and another, again and again while both may be trained.
class MatrixTransfer {
 public:
  /// Weights of more than two axes serve as matrices. `scale_counts`: nothing behind `into` takes
  /// its scale away.
  MatrixTransfer(Tensor into, Tensor from, const AdapterOptions& options, bool scale_counts);

  const MatrixAdapter& adapter() const { return adapter_; }
  /// Manual groups of that name: biases and normalisations are not decayed.
  /// The gradient is clipped over both.
  std::vector<Group> groups(const std::string& name) const;

  void make();  ///< from both as they are; nothing is written yet
  void write();
  void follow();  ///< after a training step: the adapter's gradients
  /// What the adapter would attend to now, see MatrixAdapterImpl.
  Tensors attention() const;
  /// How it is with the matrix: its stable rank; by which part of its norm the last transfer moved
  /// it, and the training step behind that; the entropy of attention, 1 where it is even.
  std::map<std::string, double> diagnosis() const;
  /// Answers the cases of mergenet_adapter and mergenet_update.
  void check(Case& given);

 private:
  Tensor into_, from_;
  AdapterOptions options_;
  bool match_std_;
  MatrixAdapter adapter_;
  Tensor made_;   ///< with its graph, until follow()
  Tensor moved_;  ///< [2], a buffer of the adapter: by the last transfer, by the step behind it
};

}  // namespace ktb::mergenet
