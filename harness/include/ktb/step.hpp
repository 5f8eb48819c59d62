#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "ktb/model.hpp"

namespace ktb {

/// A model or a task of the transfer: the target's, or that of source i.
using Seat = int;
inline constexpr Seat kTarget = -1;

/// A task with its batch of this step. Sources of the target's own data share the target's lane.
struct KTB_API Lane {
  const Task* task = nullptr;
  Batch batch;

  Tensor losses(const Tensor& prediction) const;                      ///< [B]
  Tensor losses(const Tensor& prediction, const Tensor& rows) const;  ///< [R], of those rows
  Tensor loss(const Tensor& prediction) const;                        ///< their mean
  Tensor logits(const Tensor& prediction) const;
  Tensor labels() const;
};

/// One training step as a method sees it. Outputs are computed when first asked for and kept.
class KTB_API Step {
 public:
  virtual ~Step();
  /// The model of one seat on the batch of another: gradient, mode and randomness follow the
  /// model's seat, not the caller.
  virtual const Output& run(Seat model, Seat lane) = 0;
  virtual const Lane& lane(Seat seat = kTarget) = 0;
  /// Input of a loss that no model puts out (negatives, noise, kept values) by name, so that
  /// `plugin check` can put a stored one.
  virtual Tensor draw(const std::string& name, const std::function<Tensor()>& make) = 0;
  /// An int64 scalar on the device that names a random stream of the trial and changes from step to
  /// step, for ktb/random.hpp: the same on every device, whatever else draws.
  virtual Tensor seed(const std::string& name) = 0;
  /// Clips and steps one of the method's manual groups; only inside Method::after().
  virtual void update(const std::string& group) = 0;

  const Output& target() { return run(kTarget, kTarget); }
  const Output& source(std::size_t i = 0) { return run(static_cast<Seat>(i), kTarget); }
  /// Scalar that grows with the epoch from 0 to 1 in that many epochs; none: 1.
  Tensor ramp(double epochs) const;
  Tensor task_loss() { return lane().loss(target().pred); }

  std::int64_t index = 0;  ///< host value: steers control flow only as Method::graph_key() says
  Tensor epoch;            ///< scalar on the device, fractional: the one for formulas
};

}  // namespace ktb
