#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/plan/trial_spec.hpp"
#include "core/store/trial_folder.hpp"
#include "run/plugins/loader.hpp"
#include "run/train/checkpoint.hpp"
#include "run/train/session.hpp"

namespace ktb::core {
class Shelf;
}

namespace ktb::run {

/// Where a trial runs.
struct Place {
  core::TrialFolder folder;            ///< the trial's own; sources lie beside it
  std::vector<std::string> data_dirs;  ///< of `--data-dir`
  at::Device device = at::kCPU;
  CheckpointPlan checkpoints = {};
  core::Shelf* shelf = nullptr;  ///< of decoded data; null: there is none
};

/// What optimisers need of a trial's recipe; its schedule is left to the loop,
/// which knows steps and epochs.
Recipe recipe_of(const core::Recipe& recipe);

/// Data, models, weights and method of a trial.json, attached, with optimisers. Throws Error.
std::unique_ptr<Session> build_session(const core::TrialSpec& spec, const Place& place,
                                       Registry& registry);

}  // namespace ktb::run
