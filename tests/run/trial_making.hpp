#pragma once
#include <string>
#include <utility>

#include "core/plan/trial_spec.hpp"

namespace ktb::run {

inline core::ModelRef model_of(const std::string& plugin, core::Json options) {
  core::ModelRef model;
  model.name = model.plugin = plugin;
  model.options = std::move(options);
  return model;
}

inline core::TaskRef task_of(const std::string& dataset, const std::string& plugin,
                             core::Json options = core::Json::object()) {
  core::TaskRef task;
  task.dataset = dataset;
  task.plugin = plugin;
  task.options = std::move(options);
  return task;
}

/// A trial without sources; its recipe is still to be filled in.
inline core::TrialSpec trial_of(const std::string& method, core::TaskRef task,
                                core::ModelRef target) {
  core::TrialSpec trial;
  trial.id = trial.key = trial.method.name = trial.method.plugin = method;
  trial.task = std::move(task);
  trial.target = std::move(target);
  return trial;
}

}  // namespace ktb::run
