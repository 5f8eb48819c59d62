#include "run/train/frozen.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/hash_tensor.h>
#include <ATen/ops/stack.h>
#include <fmt/core.h>
#include <torch/utils.h>

#include "run/weights/safetensors.hpp"

namespace ktb::run {
namespace {

/// A hash of the bits alone would not see a weight negated, nor two exchanged.
Tensor print_of(const Tensor& tensor) {
  const auto flat = tensor.detach().flatten();
  const auto places = at::arange(1, flat.numel() + 1, flat.options().dtype(at::kDouble));
  return at::stack({at::hash_tensor(flat).view(at::kLong),
                    at::dot(flat.to(at::kDouble), places).view(at::kLong)});
}

Tensor prints_of(const State& state) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> all;
  for (const auto& [name, tensor] : state) all.push_back(print_of(tensor));
  return all.empty() ? Tensor() : at::stack(all);
}

}  // namespace

FrozenSources::FrozenSources(const Session& session) {
  const auto& transfer = session.transfer;
  for (std::size_t i = 0; i < transfer.sources.size(); ++i) {
    if (!transfer.sources[i] || session.learns(i)) continue;
    auto state = state_of(*transfer.sources[i]);
    auto prints = prints_of(state);
    sources_.push_back(
        {transfer.pairing.sources[i].model.name, std::move(state), std::move(prints)});
  }
}

void FrozenSources::check() const {
  for (const auto& source : sources_) {
    if (!source.prints.defined()) continue;
    const auto same = prints_of(source.state).eq(source.prints).all(1).cpu().contiguous();
    const auto* each = same.const_data_ptr<bool>();
    for (std::size_t i = 0; i < source.state.size(); ++i)
      if (!each[i])
        throw Error(
            fmt::format("the method wrote to `{}` of the source {}, which the suite freezes",
                        source.state[i].first, source.name));
  }
}

}  // namespace ktb::run
