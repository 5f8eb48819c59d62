#include "run/data/snapshot.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <torch/utils.h>

#include <algorithm>
#include <utility>

#include "ktb/error.hpp"

namespace ktb::run {
namespace {

template <class Value>
Tensor tensor_of(const std::vector<Value>& values, at::ScalarType type) {
  auto tensor = at::empty({static_cast<std::int64_t>(values.size())}, type);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<Value>());
  return tensor;
}

template <class Value>
std::vector<Value> values_of(const Tensor& tensor) {
  const auto* values = tensor.const_data_ptr<Value>();
  return {values, values + tensor.numel()};
}

}  // namespace

Snapshot Snapshot::in(const std::string& part) const {
  auto inner = *this;
  inner.prefix_ += part + ".";
  return inner;
}

void Snapshot::put(const std::string& name, const Tensor& value) {
  auto copy = value.detach().to(at::kCPU, value.scalar_type(), false, /*copy=*/true);
  if (!store_->emplace(prefix_ + name, copy.contiguous()).second)
    throw Error("two parts of a snapshot are named " + prefix_ + name);
}

const Tensor& Snapshot::take(const std::string& name) const {
  const auto found = store_->find(prefix_ + name);
  if (found == store_->end()) throw Error("the snapshot has no " + prefix_ + name);
  return found->second;
}

void Snapshot::operator()(const std::string& name, Tensor& value) {
  if (restoring_)
    value = store_->contains(prefix_ + name) ? take(name).clone() : Tensor();
  else if (value.defined())
    put(name, value);
}

void Snapshot::operator()(const std::string& name, std::vector<std::int64_t>& values) {
  restoring_ ? void(values = values_of<std::int64_t>(take(name)))
             : put(name, tensor_of(values, at::kLong));
}

void Snapshot::operator()(const std::string& name, std::vector<double>& values) {
  restoring_ ? void(values = values_of<double>(take(name)))
             : put(name, tensor_of(values, at::kDouble));
}

void Snapshot::operator()(const std::string& name, std::int64_t& value) {
  std::vector<std::int64_t> values{value};
  (*this)(name, values);
  value = values.at(0);
}

void Snapshot::operator()(const std::string& name, double& value) {
  std::vector<double> values{value};
  (*this)(name, values);
  value = values.at(0);
}

void Snapshot::operator()(const std::string& name, std::string& value) {
  if (!restoring_)
    return put(name, tensor_of(std::vector<std::uint8_t>(value.begin(), value.end()), at::kByte));
  const auto bytes = values_of<std::uint8_t>(take(name));
  value.assign(bytes.begin(), bytes.end());
}

void Snapshot::operator()(const std::string& name, std::vector<std::string>& values) {
  auto count = static_cast<std::int64_t>(values.size());
  (*this)(name, count);
  values.resize(static_cast<std::size_t>(count));
  auto each = in(name);
  for (std::size_t i = 0; i < values.size(); ++i) each(std::to_string(i), values[i]);
}

void Snapshot::operator()(const std::string& name, std::map<std::string, double>& values) {
  std::vector<std::string> names;
  std::vector<double> numbers;
  for (const auto& [key, number] : values) names.push_back(key), numbers.push_back(number);
  auto part = in(name);
  part("names", names);
  part("numbers", numbers);
  values.clear();
  for (std::size_t i = 0; i < names.size(); ++i) values[names[i]] = numbers.at(i);
}

void Snapshot::operator()(const std::string& name, Tensors& values) {
  std::vector<std::string> names;
  for (const auto& [key, tensor] : values) names.push_back(key);
  auto part = in(name);
  part("names", names);
  for (const auto& key : names) part(key, values[key]);
}

void Snapshot::operator()(const std::string& name, at::Generator& generator) {
  restoring_ ? generator.set_state(take(name)) : put(name, generator.get_state());
}

void Snapshot::operator()(const std::string& name, SeededDraws& draws) {
  auto place = draws.place();
  (*this)(name, place);
  draws.go_to(place);
}

void Snapshot::in_place(const std::string& name, const Tensor& value) {
  if (!restoring_) return put(name, value);
  const auto& stored = take(name);
  if (stored.sizes() != value.sizes() || stored.scalar_type() != value.scalar_type())
    throw Error(prefix_ + name + " has another shape or type than when it was kept");
  const torch::NoGradGuard no_grad;
  value.detach().copy_(stored);
}

}  // namespace ktb::run
