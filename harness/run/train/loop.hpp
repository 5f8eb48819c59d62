#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/plan/trial_spec.hpp"
#include "run/train/session.hpp"
#include "run/train/step.hpp"

namespace ktb::run {

/// Raised between steps once a stop was asked for.
struct Interrupted : Error {
  using Error::Error;
};

/// A snapshot that is not of this session.
struct Misfit : Error {
  using Error::Error;
};

/// The part of a recipe that steers the loop.
struct LoopPlan {
  std::int64_t steps = 0;  ///< in all
  std::int64_t per_epoch = 1;
  bool epochs = true;  ///< schedule extents count epochs, else steps
  core::Schedule schedule;
  double lr = 0;  ///< of the suite's recipe, which the schedule scales
  core::Selection select = core::Selection::kLast;
};
LoopPlan loop_plan(const core::Recipe& recipe, const Session& session);

struct LoopResult {
  std::int64_t selected_step = 0;
  tasks::Metrics validation;  ///< of the selected weights; empty without a validation split
  std::map<std::string, double> terms;  ///< mean of each loss term over the last epoch
  double train_seconds = 0, eval_seconds = 0;
  std::int64_t examples = 0;  ///< of the target's task, in all steps
  std::string recorded;       ///< whether steps were, see RecordedSteps::told()
  /// Steps of this process but its first, in which much is made for good, and those in which a
  /// recording was compared; and how often in them the host waited for the device before the loop
  /// looked at the loss.
  std::int64_t steps = 0, waits = 0;
};

struct LoopHooks {
  std::function<void(const core::Json& line)> curve;
  std::function<void(std::int64_t step, std::int64_t steps, double loss)> progress;
  const std::atomic<bool>* stop = nullptr;
  /// Whether to keep a snapshot now; asked between steps.
  std::function<bool(std::int64_t done, std::int64_t steps)> due;
  /// Takes all that goes on from here, after so many steps: before a stop, too.
  std::function<void(Snapshot, std::int64_t done)> keep;
  std::optional<Snapshot> from;  ///< what keep() was given by another run of the same trial
};

/// Trains to the end, and leaves the selected weights in place. From a snapshot it goes on to the
/// very bits of a run that never stopped. Throws Diverged, Interrupted and Misfit.
LoopResult run_loop(Session& session, const LoopPlan& plan, const LoopHooks& hooks);

/// Metrics of the deployed prediction over a part of the target's data.
std::unique_ptr<tasks::Meter> evaluate(Session& session, Feed::Part part);

/// Waits for the device, so that clocks measure work that is done.
void synchronise(at::Device device);

}  // namespace ktb::run
