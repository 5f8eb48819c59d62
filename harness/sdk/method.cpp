#include "ktb/method.hpp"

#include <utility>

#include "ktb/abi.hpp"
#include "ktb/dataset.hpp"

namespace ktb {

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
