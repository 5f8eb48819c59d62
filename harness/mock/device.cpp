// A GPU that is none: LibTorch's device cuda:0 without CUDA, for tests. Its tensors lie in host
// memory and the CPU's kernels compute them, but what fails on a GPU because of where a tensor
// lives fails here, too: operands on two devices, a generator of the other side, a host that reads
// a device's memory. To be loaded before anything asks LibTorch for CUDA, and never
// beside libtorch_cuda.
//
// All operators with a kernel of their own for CPUs become `on_cpu`; the others are composed of
// those, as on any device. Views share memory, and results are the CPU's, bit by bit.
//
// It is not PrivateUse1: LibTorch cannot move a module's parameters there (Tensor::set_data
// refuses), and code that asks is_cuda() would go another way than on a GPU.
#include <ATen/ATen.h>
#include <ATen/SDPBackend.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/gru_compositeimplicitautograd_dispatch.h>
#include <ATen/ops/lstm_compositeimplicitautograd_dispatch.h>
#include <ATen/ops/rnn_relu_compositeimplicitautograd_dispatch.h>
#include <ATen/ops/rnn_tanh_compositeimplicitautograd_dispatch.h>
#include <ATen/ops/scaled_dot_product_attention_compositeimplicitautograd_dispatch.h>
#include <ATen/record_function.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <cmath>
#include <tuple>

#include "mock/call.hpp"
#include "mock/generator.hpp"
#include "mock/recording.hpp"
#include "mock/tensors.hpp"
#include "mock/waits.hpp"

namespace ktb::mock {
namespace {

using at::Tensor;

/// CUDA waits for all that is queued, in both directions, unless told not to block.
Tensor& copy_(Tensor& to, const Tensor& from, bool non_blocking) {
  if (to.is_cpu()) refuse_while_recording("copy to the host"), waited("copy to the host");
  if (from.is_cpu()) refuse_while_recording("copy from the host's memory");
  if (from.is_cpu() && !non_blocking) waited("copy to the device");
  const at::AutoDispatchBelowADInplaceOrView no_gradients;
  const at::DisableRecordFunctionGuard unseen;
  const auto host = [](const Tensor& x) { return x.is_cpu() ? x : host_view(x); };
  const auto copy = [to = host(to), from = host(from)] { to.copy_(from); };
  copy();
  if (auto* notes = recording()) notes->add(copy);
  return to;
}

/// The CPU draws from its own default generator, whatever the device.
std::tuple<Tensor, Tensor> native_dropout(const Tensor& x, double p, std::optional<bool> train) {
  if (!train.value_or(true)) return {x.clone(), at::ones_like(x, at::kBool)};
  const auto kept = at::empty_like(x, at::kBool).bernoulli_(1 - p);
  return {x * kept * (p < 1 ? 1 / (1 - p) : 0), kept};
}

Tensor biased(const Tensor& x, const std::optional<Tensor>& bias) {
  return bias && bias->defined() ? x + *bias : x;
}

/// CUDA has kernels for cells, CPUs have none; composed of others, so that gradients follow.
std::tuple<Tensor, Tensor> gru_cell(const Tensor& from_input, const Tensor& from_hidden,
                                    const Tensor& hidden, const std::optional<Tensor>& input_bias,
                                    const std::optional<Tensor>& hidden_bias) {
  const auto x = biased(from_input, input_bias).chunk(3, 1);
  const auto h = biased(from_hidden, hidden_bias).chunk(3, 1);
  const auto fresh = (x[2] + (x[0] + h[0]).sigmoid() * h[2]).tanh();
  return {(hidden - fresh) * (x[1] + h[1]).sigmoid() + fresh, Tensor()};
}

std::tuple<Tensor, Tensor, Tensor> lstm_cell(const Tensor& from_input, const Tensor& from_hidden,
                                             const Tensor& cell,
                                             const std::optional<Tensor>& input_bias,
                                             const std::optional<Tensor>& hidden_bias) {
  const auto gates =
      (biased(from_input, input_bias) + biased(from_hidden, hidden_bias)).chunk(4, 1);
  const auto kept = gates[1].sigmoid() * cell + gates[0].sigmoid() * gates[2].tanh();
  return {gates[3].sigmoid() * kept.tanh(), kept, Tensor()};
}

/// cuDNN keeps what a gradient needs only where it is told that it trains, which on a CPU changes
/// nothing but dropout.
template <class Outputs>
Outputs only_in_training(Outputs outputs, bool train) {
  const auto refuse = [](const Tensor&) -> Tensor {
    TORCH_CHECK(false, "cudnn RNN backward can only be called in training mode");
  };
  const auto watch = [&](const Tensor& x) {
    if (!train && x.requires_grad()) x.register_hook(refuse);
  };
  std::apply([&](const auto&... each) { (watch(each), ...); }, outputs);
  return outputs;
}

using One = std::tuple<Tensor, Tensor>;  // of all steps, and the last state
using Rnn = One(const Tensor&, const Tensor&, at::TensorList, bool, std::int64_t, double, bool,
                bool, bool);
template <Rnn* rnn>
One recurrent(const Tensor& x, const Tensor& state, at::TensorList weights, bool biases,
              std::int64_t layers, double dropout, bool train, bool both_ways, bool batch_first) {
  return only_in_training(
      rnn(x, state, weights, biases, layers, dropout, train, both_ways, batch_first), train);
}
std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& x, at::TensorList state,
                                        at::TensorList weights, bool biases, std::int64_t layers,
                                        double dropout, bool train, bool both_ways,
                                        bool batch_first) {
  return only_in_training(
      at::compositeimplicitautograd::lstm(x, state, weights, biases, layers, dropout, train,
                                          both_ways, batch_first),
      train);
}

/// The CPU's fused kernel where a CPU would take it: of the device itself LibTorch asks what CUDA's
/// kernels can do.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value,
                 const std::optional<Tensor>& mask, double dropout, bool causal,
                 std::optional<double> scale, bool grouped) {
  const auto seen = mask && mask->defined() ? std::optional(host_view(*mask)) : std::nullopt;
  const auto choice = at::_fused_sdp_choice(host_view(query), host_view(key), host_view(value),
                                            seen, dropout, causal, scale, grouped);
  if (grouped || choice != static_cast<std::int64_t>(at::SDPBackend::flash_attention))
    return at::compositeimplicitautograd::scaled_dot_product_attention(
        query, key, value, mask, dropout, causal, scale, grouped);
  auto added = mask;
  if (mask && mask->defined() && mask->scalar_type() == at::kBool)
    added = at::zeros(mask->sizes(), query.options()).masked_fill_(mask->logical_not(), -INFINITY);
  return std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(query, key, value, dropout,
                                                                     causal, added, scale));
}

TORCH_LIBRARY_IMPL(aten, CUDA, m) {
  const auto fallback = [&](const std::string& name) {
    m.impl(name.c_str(), torch::CppFunction::makeFromBoxedFunction<&on_cpu>());
  };
  for (const auto& op :
       c10::Dispatcher::singleton().getAllOpNamesForDispatchKey(c10::DispatchKey::CPU))
    if (op.name.starts_with("aten::") && op.name != "aten::native_dropout")
      fallback(op.overload_name.empty() ? op.name : op.name + "." + op.overload_name);
  fallback("convolution");  // composed, but of kernels that are chosen by device
  fallback("convolution_backward");
  m.impl("copy_", &copy_);
  m.impl("native_dropout", &native_dropout);
  m.impl("_thnn_fused_gru_cell", &gru_cell);
  m.impl("_thnn_fused_lstm_cell", &lstm_cell);
  m.impl("scaled_dot_product_attention", &attention);
}
TORCH_LIBRARY_IMPL(aten, AutogradCUDA, m) {
  m.impl("_thnn_fused_gru_cell", &gru_cell);
  m.impl("_thnn_fused_lstm_cell", &lstm_cell);
  m.impl("scaled_dot_product_attention", &attention);
  m.impl("gru.input", &recurrent<&at::compositeimplicitautograd::gru>);
  m.impl("rnn_tanh.input", &recurrent<&at::compositeimplicitautograd::rnn_tanh>);
  m.impl("rnn_relu.input", &recurrent<&at::compositeimplicitautograd::rnn_relu>);
  m.impl("lstm.input", &lstm);
}

struct Guard final : c10::impl::NoOpDeviceGuardImpl<kType> {
  static c10::Stream stream() { return c10::Stream(c10::Stream::DEFAULT, device()); }
  c10::Device getDevice() const override { return device(); }
  c10::Device exchangeDevice(c10::Device) const override { return device(); }
  c10::Stream getStream(c10::Device) const noexcept override { return stream(); }
  c10::Stream getDefaultStream(c10::Device) const override { return stream(); }
  c10::Stream getNewStream(c10::Device, int) const override { return stream(); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return stream(); }
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
};
C10_REGISTER_GUARD_IMPL(CUDA, Guard)

struct Hooks final : at::CUDAHooksInterface {
  explicit Hooks(at::CUDAHooksArgs) {}
  void init() const override {}
  bool hasCUDA() const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  long versionCUDART() const override { return 0; }
  long versionRuntimeCuDNN() const override { return 0; }
  int getNumGPUs() const override { return 1; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex current_device() const override { return 0; }
  void deviceSynchronize(c10::DeviceIndex) const override {
    refuse_while_recording("synchronize");
    waited("synchronize");
  }
  at::Allocator* getPinnedMemoryAllocator() const override { return at::getCPUAllocator(); }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    return default_generator();
  }
  at::Generator getNewGenerator(c10::DeviceIndex) const override { return make_generator(); }
};

}  // namespace
}  // namespace ktb::mock

namespace at {  // where the macro looks for its parts
C10_REGISTER_CLASS(CUDAHooksRegistry, CUDAHooks, ktb::mock::Hooks)
}  // namespace at
