#pragma once
#include <ATen/core/boxing/KernelFunction.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <utility>
#include <vector>

#include "mock/tensors.hpp"

namespace ktb::mock {

/// One call of an operator: lends the CPU's kernel the host's tensors over the same memory and
/// translates what it gives back. Throws c10::Error for operands on two devices and for a generator
/// of the other side, in CUDA's words.
class Call {
 public:
  explicit Call(const c10::OperatorHandle& op);
  void run(torch::jit::Stack& stack);

 private:
  at::Tensor to_host(const at::Tensor& x);
  at::Tensor to_device(const at::Tensor& x) const;
  void lend(torch::jit::Stack& stack, std::size_t first);

  const c10::OperatorHandle& op_;
  bool indices_, scalars_;  ///< takes such from the CPU
  bool waits_;
  const c10::Argument* argument_ = nullptr;
  std::vector<std::pair<at::Tensor, at::Tensor>> lent_;  ///< device's, host's over the same memory
};

/// As a kernel.
void on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack);

}  // namespace ktb::mock
