#include "ktb/task.hpp"

#include <ATen/ops/index_select.h>

#include "ktb/error.hpp"

namespace ktb {

bool InputSpec::accepts(const InputSpec& offered) const {
  if (name != offered.name || space != offered.space) return false;
  if (shape.size() != offered.shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] >= 0 && shape[i] != offered.shape[i]) return false;
  return true;
}

const InputSpec& TaskSpec::input(const std::string& wanted) const {
  for (const auto& spec : inputs)
    if (spec.name == wanted) return spec;
  std::string known;
  for (const auto& spec : inputs) known += (known.empty() ? "" : ", ") + spec.name;
  throw Error("task `" + name + "` has no input `" + wanted + "`; it offers " + known);
}

std::int64_t Batch::size() const { return x.empty() ? 0 : x.begin()->second.size(0); }

Batch Batch::rows(const Tensor& which) const {
  Batch out;
  for (const auto& [name, value] : x) out.x[name] = value.index_select(0, which);
  for (const auto& [name, value] : y) out.y[name] = value.index_select(0, which);
  if (index.defined()) out.index = index.index_select(0, which);
  return out;
}

Task::~Task() = default;
Tensor Task::logits(const Tensor&) const { return {}; }
Tensor Task::labels(const Batch&) const { return {}; }

}  // namespace ktb
