#include "run/train/flops.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <memory>
#include <string_view>
#include <vector>

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

/// `inputs` are aten::convolution's: input, weight, bias, stride,
/// padding, dilation, transposed, ...
double convolution_flops(c10::ArrayRef<const c10::IValue> inputs) {
  const auto image = inputs[0].toTensor(), weight = inputs[1].toTensor();
  const auto stride = inputs[3].toIntVector(), padding = inputs[4].toIntVector(),
             dilation = inputs[5].toIntVector();
  double positions = static_cast<double>(image.size(0));
  for (std::int64_t axis = 2; axis < image.dim(); ++axis) {
    const auto at = [&](const std::vector<std::int64_t>& v) {
      return v[v.size() == 1 ? 0 : axis - 2];
    };
    const auto reach = at(dilation) * (weight.size(axis) - 1) + 1;
    positions *= static_cast<double>((image.size(axis) + 2 * at(padding) - reach) / at(stride) + 1);
  }
  // A transposed convolution does for each input position what a plain one does for each output.
  if (inputs[6].toBool()) positions = static_cast<double>(image.numel() / image.size(1));
  return 2.0 * positions * static_cast<double>(weight.numel());
}

/// Called before the operator runs: afterwards its inputs are gone.
std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& call) {
  const std::string_view name = call.name();
  const auto inputs = call.inputs();
  if (name == "aten::convolution")
    counted += convolution_flops(inputs);
  else if (name == "aten::mm" || name == "aten::bmm")
    counted += product_flops(inputs[0].toTensor(), inputs[1].toTensor());
  else if (name == "aten::addmm" || name == "aten::baddbmm")
    counted += product_flops(inputs[1].toTensor(), inputs[2].toTensor());
  else if (name.rfind("aten::_scaled_dot_product_", 0) == 0)
    counted += attention_flops(inputs[0].toTensor(), inputs[1].toTensor());
  return nullptr;
}

}  // namespace

double count_flops(const std::function<void()>& work) {
  counted = 0;
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(&count).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
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
