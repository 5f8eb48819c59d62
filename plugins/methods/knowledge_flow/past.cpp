#include "past.hpp"

#include <torch/utils.h>

#include <string>
#include <utility>

namespace ktb::knowledge_flow {

PastImpl::PastImpl(std::vector<Tensor> live) : live_(std::move(live)) {
  for (const auto& tensor : live_)
    past_.push_back(register_buffer(std::to_string(past_.size()), tensor.detach().clone()));
}

Tensor PastImpl::relive(const std::function<Tensor()>& compute) {
  const torch::NoGradGuard no_grad;
  trade();
  auto out = compute();
  trade();
  for (std::size_t i = 0; i < live_.size(); ++i) past_[i].copy_(live_[i]);
  return out;
}

/// Exchanges storages, so that twice leaves all as it was.
void PastImpl::trade() {
  for (std::size_t i = 0; i < live_.size(); ++i) {
    const auto now = live_[i].detach();
    live_[i].set_data(past_[i]);
    past_[i].set_data(now);
  }
}

}  // namespace ktb::knowledge_flow
