#include "ktb/group.hpp"

namespace ktb {
namespace {

Group part_of(const Model& model, bool head, double lr_scale, std::optional<double> weight_decay) {
  Group group;
  group.name = head ? "head" : "trunk";
  group.lr_scale = lr_scale;
  group.weight_decay = weight_decay;
  for (const auto& item : model.named_parameters())
    if (model.is_head(item.key()) == head) group.parameters.push_back(item.value());
  return group;
}

}  // namespace

Group trunk_group(const Model& model, double lr_scale, std::optional<double> weight_decay) {
  return part_of(model, false, lr_scale, weight_decay);
}

Group head_group(const Model& model, double lr_scale, std::optional<double> weight_decay) {
  return part_of(model, true, lr_scale, weight_decay);
}

std::vector<Group> groups_without_decay(const Model& model, double trunk_lr) {
  return {trunk_group(model, trunk_lr, 0.0), head_group(model, 1, 0.0)};
}

}  // namespace ktb
