#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "ktb/error.hpp"
#include "run/data/random.hpp"
#include "run/plugins/loader.hpp"

namespace ktb::run {

using Given = std::map<std::string, Value>;

/// The plugin of that name, which always starts from the same weights.
inline std::shared_ptr<Model> make(const std::string& name, const TaskSpec& task,
                                   Given given = {}) {
  static Registry registry({KTB_PLUGIN_DIR});
  Options options(std::move(given));
  const RandomScope random(at::kCPU, 1);
  return registry.model(name, task, options);
}

/// What make() throws; "": nothing.
inline std::string error_of(const std::string& name, const TaskSpec& task, Given given = {}) {
  try {
    make(name, task, std::move(given));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline Output evaluate(Model& model, const Batch& batch) {
  const torch::NoGradGuard no_grad;
  model.eval();
  return model(batch);
}

}  // namespace ktb::run
