#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/store/trial_folder.hpp"
#include "run/plugins/loader.hpp"
#include "run/train/session.hpp"

namespace ktb::run {

/// Where a trial runs.
struct Place {
  core::TrialFolder folder;            ///< the trial's own; sources lie beside it
  std::vector<std::string> data_dirs;  ///< of `--data-dir`
  at::Device device = at::kCPU;
};

/// The learning recipe of trial.json; its schedule is left to the caller,
/// who knows steps and epochs.
Recipe recipe_from_json(const core::Json& recipe);

/// Data, models, weights and method of a trial.json, attached, with optimisers. Throws Error.
std::unique_ptr<Session> build_session(const core::Json& spec, const Place& place,
                                       Registry& registry);

}  // namespace ktb::run
