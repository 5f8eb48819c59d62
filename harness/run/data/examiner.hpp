#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "run/data/feed.hpp"

namespace ktb::run {

/// Batches that are lent: their tensors are to come back as they were.
class Lent {
 public:
  explicit Lent(const Batch& batch);
  /// The first tensor that somebody wrote to; empty: none.
  std::string written() const;

 private:
  Batch batch_;
  std::vector<std::int64_t> versions_;
};

/// Asks for predictions as an examiner does: who answers sees the inputs that the task names and
/// nothing else, and gives one answer an example, of the task's form.
class Examiner {
 public:
  Examiner(const tasks::TaskKind& kind, const Predict& predict) : kind_(kind), predict_(predict) {}

  /// The prediction for a batch, as the examiner's own copy. Throws Error where it has other rows,
  /// columns or type than the task wants, and where the inputs were written to.
  Tensor ask(const Batch& batch);
  /// Throws Diverged where some answer so far was not finite. Waits for the device: so at the end.
  void close() const;

 private:
  void require_form(const Tensor& prediction, const Batch& inputs) const;
  void count_unfinite(const Tensor& prediction);

  const tasks::TaskKind& kind_;
  const Predict& predict_;
  Tensor unfinite_;  ///< on the device: how many rows hold such numbers
  std::int64_t rows_ = 0;
};

}  // namespace ktb::run
