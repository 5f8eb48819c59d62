#pragma once
#include <map>
#include <optional>
#include <set>
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
  /// Outputs are still put in, or may be.
  bool filling() const { return !complete() && !refused_; }
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
  void enter(Phase phase);

  /// A seat's outputs in a lane.
  using Place = std::pair<Seat, std::size_t>;
  /// Of those that this step has computed, the ones that wait for nothing else in it: of sources
  /// that do not learn and whose outputs are not kept.
  std::set<Place> independent() const;
  /// The next step starts these as soon as outputs exist, on a second stream of the GPU, and
  /// whoever asks for one waits for all. To be asked for in that step whatever the method computes.
  void ahead(std::set<Place> places) { ahead_ = std::move(places); }
  /// Where nobody has asked.
  void join();

  /// The batches of the step, of the lanes that somebody draws from.
  const std::vector<Lane>& lanes() const { return lanes_; }
  bool draws(std::size_t lane) const { return wanted_[lane]; }
  /// Another batch in a lane's place, and the outputs of the one before are forgotten.
  void show(std::size_t lane, Batch batch);
  /// The same batches once more.
  void again();
  /// Which sources' outputs are kept, as bits: other tensor operations than to compute them. None
  /// while they are gathered.
  std::optional<std::int64_t> kept() const;

  using Work = std::function<void()>;
  /// Work that follows the host: a rate, a count. A recorded step does it between its parts.
  void apart(const Work& work);
  /// Whoever records a step is handed such work; none: it is done.
  void follow(std::function<void(Work)> apart) { apart_ = std::move(apart); }

  /// Between steps. What was kept of frozen sources is computed again, in the batches of then.
  void snapshot(Snapshot snapshot);

  const Output& run(Seat model, Seat lane) override;
  const Lane& lane(Seat seat = kTarget) override;
  Tensor draw(const std::string& name, const std::function<Tensor()>& make) override;
  Tensor seed(const std::string& name) override;
  void update(const std::string& group) override;

 private:
  bool repeats(Seat model, std::size_t lane) const;
  Output compute(Seat model, const Batch& batch) const;
  const Output& computed(const Place& place);
  KeptOutputs& kept(Seat source);
  std::function<void(Work)> apart_;
  void lend();
  std::int64_t seed_now(const std::string& name) const;

  Session& session_;
  Phase phase_ = Phase::kClosed;
  bool surveying_ = false;
  std::vector<Lane> lanes_;
  std::vector<Lent> lent_;
  std::vector<bool> wanted_;  ///< lanes that somebody draws from
  std::map<Place, Output> outputs_;
  std::set<Place> ahead_;  ///< to be started
  std::set<Place> aside_;  ///< under way on the second stream
  std::map<Seat, KeptOutputs> kept_;
  std::map<std::string, Tensor> seeds_;  ///< set anew in each step, so that recordings read them
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
