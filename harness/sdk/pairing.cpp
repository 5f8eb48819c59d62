#include "ktb/pairing.hpp"

#include <algorithm>

namespace ktb {

bool Pairing::reads(std::size_t source) const {
  const auto& wanted = sources.at(source).model.reads;
  return std::all_of(wanted.begin(), wanted.end(), [&](const InputSpec& need) {
    return std::any_of(task.inputs.begin(), task.inputs.end(),
                       [&](const InputSpec& offer) { return need.accepts(offer); });
  });
}

bool Pairing::same_labels(std::size_t source) const {
  const auto& other = sources.at(source).task;
  return other.labels == task.labels && other.outputs == task.outputs;
}

bool Pairing::joint(std::size_t source) const {
  const auto mode = sources.at(source).mode;
  return mode == Mode::kTrainedJoint || mode == Mode::kFreshJoint;
}

std::string Pairing::unreadable() const {
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (!reads(i))
      return "source " + sources[i].model.name + " cannot read the inputs of " + task.name;
  return {};
}

std::string Pairing::unlike_outputs() const {
  if (auto reason = unreadable(); !reason.empty()) return reason;
  if (!task.categorical) return task.kind + " has no class distribution";
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (!same_labels(i))
      return "label spaces differ: " + sources[i].task.labels + " and " + task.labels;
  return {};
}

}  // namespace ktb
