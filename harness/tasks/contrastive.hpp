#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// Which two rows of a batch are views of one picture: y["picture"] [B] int64 holds each number
/// twice; predictions are embeddings [B, d]. Chen et al.: SimCLR, arXiv 2002.05709.
class Contrastive final : public TaskKind {
 public:
  using TaskKind::TaskKind;
  /// Cross-entropy of the other view among all others of the batch, by cosine over 0.5, in fp32.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;

  /// pairs_found: the share of views whose nearest other one is the right one; loss. Both depend on
  /// the size of a batch.
  std::unique_ptr<Meter> meter(const Texts&) const override;
  Metrics floor(const Tensors&, const Texts&) const override { return {}; }
  std::string primary() const override { return "pairs_found"; }
};

}  // namespace ktb::tasks
