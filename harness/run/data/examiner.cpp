#include "run/data/examiner.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isnan.h>
#include <fmt/ranges.h>

#include <limits>

#include "ktb/error.hpp"

namespace ktb::run {
namespace {

template <class Visit>
void each_tensor(const Batch& batch, Visit visit) {
  for (const auto& [name, value] : batch.x) visit(name, value);
  for (const auto& [name, value] : batch.y) visit(name, value);
}

Batch inputs_of(const TaskSpec& spec, const Batch& batch) {
  Batch inputs;
  for (const auto& input : spec.inputs)
    if (const auto found = batch.x.find(input.name); found != batch.x.end())
      inputs.x.insert(*found);
  return inputs;
}

}  // namespace

Lent::Lent(const Batch& batch) : batch_(batch) {
  each_tensor(batch_, [&](const std::string&, const Tensor& value) {
    versions_.push_back(static_cast<std::int64_t>(value._version()));
  });
}

std::string Lent::written() const {
  std::string first;
  auto version = versions_.begin();
  each_tensor(batch_, [&](const std::string& name, const Tensor& value) {
    if (static_cast<std::int64_t>(value._version()) != *version++ && first.empty()) first = name;
  });
  return first;
}

Tensor Examiner::ask(const Batch& batch) {
  const Batch inputs = inputs_of(kind_.spec(), batch);
  const Lent lent(inputs);
  const Tensor prediction = predict_(inputs);
  if (const auto name = lent.written(); !name.empty())
    throw Error(
        fmt::format("predict() wrote into its input `{}`: what it changes must be its own", name));
  require_form(prediction, inputs);
  count_unfinite(prediction);
  return prediction.detach().clone();
}

void Examiner::require_form(const Tensor& prediction, const Batch& inputs) const {
  const auto& spec = kind_.spec();
  const auto refuse = [&](const std::string& what) {
    throw Error(fmt::format("predict() gave {}; {} ({}) wants floating-point numbers of shape [{}]",
                            what, spec.name, spec.kind,
                            fmt::join(kind_.prediction_shape(inputs), ", ")));
  };
  if (!prediction.defined()) refuse("nothing");
  if (!at::isFloatingType(prediction.scalar_type()))
    refuse(fmt::format("numbers of type {}", at::toString(prediction.scalar_type())));
  if (prediction.sizes().vec() != kind_.prediction_shape(inputs))
    refuse(fmt::format("shape [{}]", fmt::join(prediction.sizes(), ", ")));
}

void Examiner::count_unfinite(const Tensor& prediction) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Tensor wrong = kind_.may_exclude() ? prediction.isnan().logical_or(prediction.eq(kInfinity))
                                           : prediction.isfinite().logical_not();
  const Tensor rows = wrong.flatten(1).any(1).sum();
  unfinite_ = unfinite_.defined() ? unfinite_ + rows : rows;
  rows_ += prediction.size(0);
}

void Examiner::close() const {
  if (!unfinite_.defined()) return;
  const auto count = unfinite_.item<std::int64_t>();
  if (count > 0)
    throw Diverged(fmt::format("{} of {} predictions are not finite numbers", count, rows_));
}

}  // namespace ktb::run
