#include "mock/tensors.hpp"

#include <cstdint>
#include <utility>

namespace ktb::mock {
namespace {

void* other_side(const void* address) {
  const auto flipped = reinterpret_cast<std::uintptr_t>(address) ^ (std::uintptr_t{1} << 55);
  return address ? reinterpret_cast<void*>(flipped) : nullptr;
}

c10::DataPtr device_memory(const c10::Storage& host) {
  return {other_side(host.data()), new c10::Storage(host),
          [](void* kept) { delete static_cast<c10::Storage*>(kept); }, device()};
}

}  // namespace

at::Tensor tensor_over(c10::Storage storage, c10::DispatchKey key, const at::Tensor& like) {
  auto out = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key),
                                                      like.dtype());
  out.unsafeGetTensorImpl()->set_sizes_and_strides(like.sizes(), like.strides(),
                                                   like.storage_offset());
  return out;
}

c10::Storage host_storage(const c10::Storage& device) {
  return *static_cast<c10::Storage*>(device.data_ptr().get_context());
}

at::Tensor host_view(const at::Tensor& device) {
  return tensor_over(host_storage(device.storage()), c10::DispatchKey::CPU, device);
}

at::Tensor device_view(const at::Tensor& host) {
  c10::Storage storage(c10::Storage::use_byte_size_t(), host.storage().nbytes(),
                       device_memory(host.storage()));
  return tensor_over(std::move(storage), kKey, host);
}

void write_back(const at::Tensor& device, const at::Tensor& host) {
  if (!host.storage().is_alias_of(host_storage(device.storage())))
    device.unsafeGetTensorImpl()->set_storage_keep_dtype(device_view(host.alias()).storage());
  auto& storage = *device.storage().unsafeGetStorageImpl();
  if (storage.data() != other_side(host.storage().data())) {
    storage.set_data_ptr_noswap(device_memory(host.storage()));
    storage.set_nbytes(host.storage().nbytes());
  }
  if (device.sizes() != host.sizes() || device.strides() != host.strides() ||
      device.storage_offset() != host.storage_offset())
    device.unsafeGetTensorImpl()->set_sizes_and_strides(host.sizes(), host.strides(),
                                                        host.storage_offset());
}

}  // namespace ktb::mock
