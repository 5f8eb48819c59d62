#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/plan/trial_spec.hpp"
#include "core/store/trial_folder.hpp"
#include "run/train/session.hpp"

namespace ktb::run {

/// Gathers what `recipe.keep` asks for while the test split is predicted, and writes it:
/// predictions.safetensors and features.safetensors of docs/contracts.md.
class Keeper {
 public:
  Keeper(const core::Recipe& recipe, Session& session);

  /// A batch of the test split with its deployed prediction, in order.
  void add(const Batch& batch, const Tensor& prediction);
  /// What cannot be had leaves a file without tensors that says why; gives these sentences.
  std::vector<std::string> write(const core::TrialFolder& folder, const std::string& key) const;

 private:
  Session& session_;
  bool predictions_, features_;
  std::string no_predictions_, no_features_;  ///< why not; empty: they can be had
  std::vector<Tensor> predicted_;
  std::map<std::string, std::vector<Tensor>> seen_;  ///< features by name
};

}  // namespace ktb::run
