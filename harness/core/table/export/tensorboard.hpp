#pragma once
#include <functional>
#include <string>

#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"
#include "core/table/export/export.hpp"

namespace ktb::core {

class Store;

/// A run of TensorBoard: a folder's name, and the bytes of the one event file in it.
struct BoardRun {
  std::string name, events;
};

/// How the file in a run's folder is called; TensorBoard reads what has `tfevents` in its name.
inline constexpr auto kEventFile = "events.out.tfevents.ktbench";

/// One run for each trial with a record, by its id: `train/loss`, `train/lr`, `term/kd`,
/// `validation/top1`, `figure/...` by step, `test/top1` at the step that was selected, and for
/// HPARAMS axes, options and recipe; the seeds of a cell are one group. Wall times are those of the
/// training. What is no finite number is left out.
void tensorboard(const Plan& plan, const Outcomes& outcomes, const ReadTrial& read,
                 const Store& store, const std::function<void(const BoardRun&)>& take);

}  // namespace ktb::core
