#include "ktb/pairing.hpp"

#include <algorithm>

namespace ktb {
namespace {

/// Whether the trunks are alike: same widths everywhere, and as many parameters once the heads, one
/// row of weights (with or without a bias) an output, are taken off. Names of plugins do not
/// matter: an alias is the same network.
bool same_trunk(const Pairing::Party& a, const Pairing::Party& b) {
  const auto &maps = a.model.features, &others = b.model.features;
  // Of maps [c, h, w] the channels, of tokens [n, d] the width: extents are the input's matter.
  const auto width = [](const auto& x) { return x.size() == 2 ? x[1] : x.at(0); };
  const auto same_width = [&](const auto& x, const auto& y) {
    return x.size() == y.size() && width(x) == width(y);
  };
  if (a.model.pooled != b.model.pooled ||
      !std::equal(maps.begin(), maps.end(), others.begin(), others.end(), same_width))
    return false;
  const auto difference = a.model.parameters - b.model.parameters;
  const auto outputs = a.task.outputs - b.task.outputs;
  return difference == outputs * (a.model.pooled + 1) || difference == outputs * a.model.pooled;
}

}  // namespace

bool can_read(const ModelCard& model, const TaskSpec& task) {
  return std::all_of(model.reads.begin(), model.reads.end(), [&](const InputSpec& need) {
    return std::any_of(task.inputs.begin(), task.inputs.end(),
                       [&](const InputSpec& offer) { return need.accepts(offer); });
  });
}

bool Pairing::reads(std::size_t source) const { return can_read(sources.at(source).model, task); }

bool Pairing::same_labels(std::size_t source) const {
  const auto& other = sources.at(source).task;
  return other.labels == task.labels && other.outputs == task.outputs;
}

bool Pairing::joint(std::size_t source) const {
  const auto mode = sources.at(source).mode;
  return mode == Mode::kTrainedJoint || mode == Mode::kFreshJoint;
}

Reason Pairing::unreadable() const {
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (!reads(i))
      return "source " + sources[i].model.name + " cannot read the inputs of " + task.name;
  return {};
}

Reason Pairing::unlike_outputs() const {
  if (auto reason = unreadable(); !reason.empty()) return reason;
  if (auto reason = no_classes(); !reason.empty()) return reason;
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (!same_labels(i))
      return "label spaces differ: " + sources[i].task.labels + " and " + task.labels;
  return {};
}

Reason Pairing::no_classes() const {
  if (!task.categorical) return task.kind + " has no class distribution";
  return task.outputs < 2 ? task.name + " has fewer than two classes" : "";
}

Reason Pairing::unlike_trunks() const {
  for (const auto& source : sources)
    if (!same_trunk(*target, source))
      return "architectures differ: " + target->model.name + " cannot start from the weights of " +
             source.model.name;
  return {};
}

}  // namespace ktb
