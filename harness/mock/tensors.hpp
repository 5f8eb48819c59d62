#pragma once
#include <ATen/core/Tensor.h>

namespace ktb::mock {

constexpr auto kType = c10::DeviceType::CUDA;
constexpr auto kKey = c10::DispatchKey::CUDA;

/// cuda:0, the only one.
inline c10::Device device() { return {kType, 0}; }

// A tensor of the device holds a host address with one bit flipped: arithmetic on it works, reading
// it ends in SIGSEGV.

/// A tensor of the host over the memory of one of the device.
at::Tensor host_view(const at::Tensor& device);
c10::Storage host_storage(const c10::Storage& device);

/// A tensor of the device over the memory of one of the host, which it keeps alive.
at::Tensor device_view(const at::Tensor& host);

/// A tensor over `storage` with sizes, strides and type of `like`.
at::Tensor tensor_over(c10::Storage storage, c10::DispatchKey key, const at::Tensor& like);

/// After an operator worked on `host`, which shares the memory of `device`: gives `device` what it
/// changed of sizes, of how much memory there is, and which.
void write_back(const at::Tensor& device, const at::Tensor& host);

}  // namespace ktb::mock
