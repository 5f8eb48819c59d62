#include "run/flops.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <string_view>

namespace ktb::run {
namespace {

/// What the hook adds to; callbacks are plain functions.
thread_local double counted = 0;

double product_flops(const at::Tensor& a, const at::Tensor& b) {
  return 2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(-1));
}

/// Scores and weighted values: q [.., L, d] against k [.., S, d].
double attention_flops(const at::Tensor& q, const at::Tensor& k) {
  return 4.0 * static_cast<double>(q.numel()) * static_cast<double>(k.size(-2));
}

double convolution_flops(const at::Tensor& weight, const at::Tensor& output) {
  return 2.0 * static_cast<double>(output.numel()) *
         static_cast<double>(weight.numel() / weight.size(0));
}

void count(const at::RecordFunction& call, at::ObserverContext*) {
  const std::string_view name = call.name();
  const auto inputs = call.inputs();
  const auto tensor = [&](std::size_t i) { return inputs[i].toTensor(); };
  if (name == "aten::convolution" && !inputs[6].toBool() && call.outputs()[0].isTensor())
    counted += convolution_flops(tensor(1), call.outputs()[0].toTensor());
  else if (name == "aten::mm" || name == "aten::bmm")
    counted += product_flops(tensor(0), tensor(1));
  else if (name == "aten::addmm" || name == "aten::baddbmm")
    counted += product_flops(tensor(1), tensor(2));
  else if (name.substr(0, 27) == "aten::_scaled_dot_product_f" ||
           name.substr(0, 27) == "aten::_scaled_dot_product_e")
    counted += attention_flops(tensor(0), tensor(1));
}

}  // namespace

double count_flops(const std::function<void()>& work) {
  counted = 0;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(nullptr, &count)
                                                     .needsInputs(true)
                                                     .needsOutputs(true)
                                                     .scopes({at::RecordScope::FUNCTION}));
  try {
    work();
  } catch (...) {
    at::removeCallback(handle);
    throw;
  }
  at::removeCallback(handle);
  return counted;
}

}  // namespace ktb::run
