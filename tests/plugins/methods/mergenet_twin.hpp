#pragma once
#include <string>

#include "ktb/method.hpp"
#include "methods/mergenet/adapter.hpp"

namespace ktb::run {

/// An adapter from b to a that holds the weights of the method's own of that name, which belongs to
/// the plugin: from outside it is a module with parameters.
inline mergenet::MatrixAdapter twin(const Method& method, const std::string& name, const Tensor& a,
                                    const Tensor& b) {
  const auto own = method.named_children()[name];
  mergenet::MatrixAdapter made(
      mergenet::AdapterShape{.m = a.size(0), .n = a[0].numel(), .p = b.size(0), .q = b[0].numel()});
  const at::NoGradGuard no_grad;
  for (auto& item : made->named_parameters())
    item.value().copy_(own->named_parameters()[item.key()]);
  for (auto& item : made->named_buffers()) item.value().copy_(own->named_buffers()[item.key()]);
  made->train(own->is_training());
  return made;
}

}  // namespace ktb::run
