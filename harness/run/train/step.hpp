#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "run/data/examiner.hpp"
#include "run/train/session.hpp"

namespace ktb::run {

/// Outputs of a frozen source by training index, filled during the first epoch that it is asked for
/// as a whole: where its inputs repeat, half of a distillation step need not be computed again.
class KeptOutputs {
 public:
  /// `examples`: of the training split; `batches`: of one epoch.
  KeptOutputs(std::int64_t examples, std::int64_t batches, bool features);
  bool complete() const { return filled_ == batches_; }
  void put(std::int64_t step, const Tensor& index, const Output& output);
  Output get(const Tensor& index) const;
  /// The step of the first batch that is kept and how many there are.
  std::int64_t first() const { return first_; }
  std::int64_t filled() const { return filled_; }

 private:
  std::int64_t examples_, batches_, first_ = 0, filled_ = 0;
  bool features_, refused_ = false;
  std::vector<Tensor> store_;
  Output shape_;  ///< how many maps there are, without values
};

/// What the harness hands to a method; one object lives for the whole trial.
class LiveStep : public Step {
 public:
  explicit LiveStep(Session& session);

  /// Draws the batches of a step and forgets the outputs of the last.
  void begin(std::int64_t at);
  /// A step over one given batch of lane 0, without gradient: Method::survey.
  void begin_survey(const Batch& batch);
  /// Throws Error where somebody wrote into a batch of this step.
  void check_batches() const;
  enum class Phase { kClosed, kBefore, kLosses, kAfter };
  void enter(Phase phase) { phase_ = phase; }
  /// Between steps. What was kept of frozen sources is computed again, in the batches of then.
  void snapshot(Snapshot snapshot);

  const Output& run(Seat model, Seat lane) override;
  const Lane& lane(Seat seat = kTarget) override;
  Tensor draw(const std::string& name, const std::function<Tensor()>& make) override;
  void update(const std::string& group) override;

 private:
  bool repeats(Seat model, std::size_t lane) const;
  Output compute(Seat model, const Batch& batch) const;
  KeptOutputs& kept(Seat source);
  void lend();

  Session& session_;
  Phase phase_ = Phase::kClosed;
  bool surveying_ = false;
  std::vector<Lane> lanes_;
  std::vector<Lent> lent_;
  std::vector<bool> wanted_;  ///< lanes that somebody draws from
  std::map<std::pair<Seat, std::size_t>, Output> outputs_;
  std::map<Seat, KeptOutputs> kept_;
};

/// Shows every method the target's training split, before the first step.
void survey(Session& session, LiveStep& step);

/// The terms of a step and their sum: `plus` methods included.
struct Losses {
  Terms terms;
  Tensor total;
};

/// One step in the order that ktb/method.hpp promises; returns the detached losses.
Losses train_step(Session& session, LiveStep& step);

}  // namespace ktb::run
