#include "mock/recording.hpp"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <atomic>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

namespace ktb::mock {
namespace {

std::atomic<Recording*> active{nullptr};

/// The second stream's: there while its work is under way.
std::unique_ptr<Recording>& aside() {
  static auto* const second = new std::unique_ptr<Recording>;
  return *second;
}

/// Where an operator made new memory, that of the first time gets what the new one holds.
void take_over(const at::Tensor& kept, const at::Tensor& fresh) {
  if (!kept.defined() || kept.storage().is_alias_of(fresh.storage())) return;
  if (kept.numel() == 0 && fresh.numel() == 0) return;
  TORCH_CHECK(kept.sizes() == fresh.sizes() && kept.strides() == fresh.strides() &&
                  kept.storage().nbytes() == fresh.storage().nbytes(),
              "a recorded operator gave ", fresh.sizes(), " where it once gave ", kept.sizes());
  if (kept.storage().nbytes() > 0)
    std::memcpy(kept.storage().mutable_data(), fresh.storage().data(), kept.storage().nbytes());
}

void take_over(const c10::IValue& kept, const c10::IValue& fresh) {
  if (kept.isTensor()) return take_over(kept.toTensor(), fresh.toTensor());
  if (!kept.isTensorList()) return;
  const auto to = kept.toTensorVector(), from = fresh.toTensorVector();
  for (std::size_t i = 0; i < to.size(); ++i) take_over(to[i], from[i]);
}

}  // namespace

void Recording::add(std::function<std::vector<c10::IValue>()> call,
                    std::vector<c10::IValue> results) {
  calls_.push_back([call = std::move(call), results = std::move(results)] {
    const auto fresh = call();
    for (std::size_t i = 0; i < results.size(); ++i) take_over(results[i], fresh[i]);
  });
}

void Recording::add(Recording&& other) {
  calls_.insert(calls_.end(), std::move_iterator(other.calls_.begin()),
                std::move_iterator(other.calls_.end()));
}

void Recording::replay() const {
  const at::AutoDispatchBelowADInplaceOrView no_gradients;
  const at::DisableRecordFunctionGuard unseen;
  for (const auto& call : calls_) call();
}

Recording* recording() { return active; }

void start_recording() {
  TORCH_CHECK(recording() == nullptr, "a recording is under way");
  active = new Recording;
}

Recording end_recording() {
  const std::unique_ptr<Recording> ended(active.exchange(nullptr));
  TORCH_CHECK(ended, "no recording is under way");
  TORCH_CHECK(!std::exchange(aside(), nullptr),
              "CUDA error: capturing stream has unjoined work: the second stream's");
  return std::move(*ended);
}

void drop_recording() noexcept {
  delete active.exchange(nullptr);
  aside().reset();
}

void start_aside(const std::function<void()>& work) {
  TORCH_CHECK(!aside(), "work aside is under way");
  aside() = std::make_unique<Recording>();
  auto* const main = recording();
  if (main != nullptr) active = aside().get();
  try {
    work();
  } catch (...) {
    active = main;
    aside().reset();
    throw;
  }
  active = main;
}

void join_aside() {
  TORCH_CHECK(aside(), "no work aside is under way");
  const auto done = std::exchange(aside(), nullptr);
  if (auto* const main = recording()) main->add(std::move(*done));
}

void refuse_while_recording(const std::string& what) {
  TORCH_CHECK(recording() == nullptr,
              "CUDA error: operation not permitted when stream is "
              "capturing: ",
              what);
}

}  // namespace ktb::mock
