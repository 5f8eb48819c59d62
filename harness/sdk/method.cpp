#include "ktb/method.hpp"

#include <utility>

#include "ktb/abi.hpp"
#include "ktb/dataset.hpp"

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

Method::Method() = default;
Method::~Method() = default;

Tensor Method::predict(const Batch& batch) { return (*t().target)(batch).pred; }

std::vector<Tensor> Method::deployed() const { return t().target->parameters(); }

void Method::note(const std::string& name, const Tensor& value) { notes_[name] = value.detach(); }

void Method::bind(Transfer transfer) {
  transfer_ = std::move(transfer);
  attach();
}

std::int64_t Split::size() const {
  if (!y.empty()) return y.begin()->second.size(0);
  if (!rows.empty()) return rows.begin()->second.size(0);
  return x.empty() ? 0 : x.begin()->second.size(0);
}

Dataset::~Dataset() = default;
Registrar::~Registrar() = default;

}  // namespace ktb
