#include "ktb/method.hpp"

#include <utility>

#include "ktb/abi.hpp"
#include "ktb/dataset.hpp"

namespace ktb {

Method::Method() = default;
Method::~Method() = default;

Tensor Method::predict(const Batch& batch) { return (*t().target)(batch).pred; }

std::vector<Tensor> Method::deployed() const { return t().target->parameters(); }

void Method::bind(Transfer transfer) {
  transfer_ = std::move(transfer);
  attach();
}

Dataset::~Dataset() = default;
Registrar::~Registrar() = default;

}  // namespace ktb
