#include "mock/call.hpp"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/enum_tag.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "mock/generator.hpp"
#include "mock/recording.hpp"
#include "mock/waits.hpp"

namespace ktb::mock {
namespace {

using at::Tensor;
using c10::IValue;

// On CUDA these wait for the device, whoever calls them.
constexpr std::string_view kWaits[] = {"aten::_local_scalar_dense",
                                       "aten::nonzero",
                                       "aten::masked_select",
                                       "aten::unique_consecutive",
                                       "aten::_unique2",
                                       "aten::_unique",
                                       "aten::unique_dim",
                                       "aten::repeat_interleave",
                                       "aten::bincount",
                                       "aten::equal",
                                       "aten::_linalg_eigh",
                                       "aten::_linalg_svd",
                                       "aten::multinomial"};
// What CUDA takes from the CPU: indices, and scalars besides those of operators tagged `pointwise`.
constexpr std::string_view kCpuIndices[] = {"aten::index", "aten::_index_put_impl_"};
constexpr std::string_view kCpuScalars[] = {"aten::where", "aten::fill_", "aten::masked_fill_",
                                            "aten::index_fill_", "aten::_index_put_impl_"};

bool one_of(std::span<const std::string_view> names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

template <class Map>
IValue mapped(const IValue& value, Map map) {
  if (value.isTensor()) return map(value.toTensor());
  if (value.isTensorList()) {
    c10::List<Tensor> out;
    for (const auto& x : value.toTensorVector()) out.push_back(map(x));
    return out;
  }
  if (!value.isOptionalTensorList()) return value;
  c10::List<std::optional<Tensor>> out;
  for (const auto& x : value.toOptionalTensorVector())
    out.push_back(x ? std::optional(map(*x)) : std::nullopt);
  return out;
}

/// A recording keeps the value, not the memory, of a number that lies with the host.
Tensor as_it_is_now(const Tensor& number) {
  auto kept = number.clone();
  kept.unsafeGetTensorImpl()->set_wrapped_number(number.unsafeGetTensorImpl()->is_wrapped_number());
  return kept;
}

}  // namespace

Call::Call(const c10::OperatorHandle& op)
    : op_(op),
      indices_(one_of(kCpuIndices, op.schema().name())),
      scalars_(op.hasTag(at::Tag::pointwise) || one_of(kCpuScalars, op.schema().name())),
      waits_(one_of(kWaits, op.schema().name())) {}

void Call::run(torch::jit::Stack& stack) {
  const auto first = stack.size() - op_.schema().arguments().size();
  lend(stack, first);
  if (waits_) {
    refuse_while_recording(op_.schema().name());
    waited(op_.schema().name());
  }
  const torch::jit::Stack inputs(stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end());
  {
    const at::AutoDispatchBelowADInplaceOrView no_gradients;
    const at::DisableRecordFunctionGuard unseen;  // a profiler sees the device's operator only
    op_.callBoxed(stack);
  }
  if (auto* notes = recording())
    notes->add(
        [op = op_, inputs] {
          auto again = inputs;
          op.callBoxed(&again);
          return again;
        },
        {stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end()});
  for (auto i = first; i < stack.size(); ++i)
    stack[i] = mapped(stack[i], [&](const Tensor& x) { return to_device(x); });
  for (auto& [device, host] : lent_) write_back(device, host);
}

/// Puts the host's side of every argument into its place.
void Call::lend(torch::jit::Stack& stack, std::size_t first) {
  const auto& arguments = op_.schema().arguments();
  bool draws = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto& value = stack[first + i];
    argument_ = &arguments[i];
    value = mapped(value, [&](const Tensor& x) { return to_host(x); });
    if (value.isDevice() && value.toDevice().type() == kType) value = c10::Device(at::kCPU);
    if (value.isStorage()) value = host_storage(value.toStorage());
    if (argument_->name() != "generator") continue;
    draws = true;
    value = host_generator(value.toOptional<at::Generator>());
  }
  // Fused attention has the tag for its dropout, which no CPU's kernel takes.
  const bool fused = op_.schema().name() == "aten::_scaled_dot_product_flash_attention_for_cpu";
  TORCH_CHECK(draws || fused || !op_.hasTag(at::Tag::nondeterministic_seeded), op_.schema().name(),
              " takes no generator");
}

Tensor Call::to_host(const Tensor& x) {
  if (!x.defined()) return x;
  const bool index = indices_ && argument_->name() == "indices";
  waits_ |= index && (x.is_cpu() || x.scalar_type() == at::kBool || x.scalar_type() == at::kByte);
  const bool written = argument_->alias_info() && argument_->alias_info()->isWrite();
  const bool scalar = (scalars_ && x.dim() == 0) || x.unsafeGetTensorImpl()->is_wrapped_number();
  if (x.is_cpu() && !written && (index || scalar)) return recording() ? as_it_is_now(x) : x;
  TORCH_CHECK(x.device() == device(),
              "Expected all tensors to be on the same device, but found at least two devices, ",
              device(), " and ", x.device(), "! (when checking argument for argument ",
              argument_->name(), " in method ", op_.schema().name(), ")");
  for (const auto& [device, host] : lent_)
    if (device.is_same(x)) return host;
  auto host = host_view(x);
  lent_.emplace_back(x, host);
  return host;
}

Tensor Call::to_device(const Tensor& x) const {
  if (!x.defined()) return x;
  for (const auto& [device, host] : lent_)
    if (host.is_same(x)) return device;
  for (const auto& [device, host] : lent_)  // a view
    if (host_storage(device.storage()).is_alias_of(x.storage()))
      return tensor_over(device.storage(), kKey, x);
  return device_view(x);
}

void on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) { Call(op).run(*stack); }

}  // namespace ktb::mock
