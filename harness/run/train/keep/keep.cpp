#include "run/train/keep/keep.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <limits>

#include "ktb/nn/text.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {
namespace {

/// [N, ...] of the batches. Texts of a batch are as long as its longest: what is missing of the
/// longest of all is minus infinity, no answer.
Tensor joined(const std::vector<Tensor>& parts) {
  std::int64_t longest = 0;
  for (const auto& part : parts) longest = std::max(longest, part.size(-1));
  std::vector<Tensor> even;
  for (const auto& part : parts)
    even.push_back(at::constant_pad_nd(part, {0, longest - part.size(-1)},
                                       -std::numeric_limits<double>::infinity()));
  return at::cat(even);
}

/// [B, d] of a map: its mean over positions.
Tensor averaged(const Tensor& map, const Tensor& mask) {
  if (map.dim() <= 2) return map;
  if (map.dim() == 3) return mean_of(map, mask);
  return map.flatten(2).mean(2);
}

}  // namespace

Keeper::Keeper(const core::Recipe& recipe, Session& session)
    : session_(session),
      predictions_(recipe.keeps(core::Keepsake::kPredictions)),
      features_(recipe.keeps(core::Keepsake::kFeatures)) {
  const auto& task = session.data[0]->kind().spec();
  if (session.data[0]->test_targets().empty())
    no_predictions_ = no_features_ =
        task.name + " is judged by acting: it has no test split to keep anything of";
  else if (!session.transfer.target)
    no_features_ = "the hub itself predicts: there is no target whose features could be kept";
}

void Keeper::add(const Batch& batch, const Tensor& prediction) {
  const torch::NoGradGuard no_grad;
  const auto take = [](const Tensor& some) { return some.detach().to(at::kFloat).cpu(); };
  if (predictions_ && no_predictions_.empty()) predicted_.push_back(take(prediction));
  if (!features_ || !no_features_.empty()) return;
  auto& target = *session_.transfer.target;
  target.eval();
  const auto out = target.trunk(batch);
  seen_["pooled"].push_back(take(out.pooled.flatten(1)));
  for (std::size_t k = 0; k < out.features.size(); ++k)
    seen_["features." + std::to_string(k)].push_back(take(averaged(out.features[k], out.mask)));
}

std::vector<std::string> Keeper::write(const core::TrialFolder& folder,
                                       const std::string& key) const {
  std::vector<std::string> warnings;
  const auto put = [&](const std::filesystem::path& path, TensorFile file, const char* what,
                       const std::string& why) {
    file.metadata["ktbench"] = key;
    if (!why.empty()) {
      file = {{}, {{"ktbench", key}, {"none", why}}};
      warnings.push_back(std::string(what) + " are not kept: " + why);
    }
    write_safetensors(path.string(), file);
  };
  if (predictions_) {
    TensorFile file;
    if (!predicted_.empty()) file.tensors.emplace_back("prediction", joined(predicted_));
    for (const auto& [name, y] : session_.data[0]->test_targets())
      file.tensors.emplace_back("y." + name, y.cpu());
    put(folder.predictions(), std::move(file), "predictions", no_predictions_);
  }
  if (features_) {
    TensorFile file;
    for (const auto& [name, parts] : seen_) file.tensors.emplace_back(name, at::cat(parts));
    put(folder.features(), std::move(file), "features", no_features_);
  }
  return warnings;
}

}  // namespace ktb::run
