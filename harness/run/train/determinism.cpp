#include "run/train/determinism.hpp"

#include <ATen/Context.h>
#include <string>

#include "core/store/comparison.hpp"

namespace ktb::run {

Determinism::Determinism(bool wanted, at::Device device)
    : wanted_(wanted), gpu_(!device.is_cpu()), outer_(c10::WarningUtils::get_warning_handler()) {
  if (!gpu_) return;
  auto& context = at::globalContext();
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(wanted);
  // A method whose operator has no such kernel is to run all the same, and say so.
  context.setDeterministicAlgorithms(wanted, /*warn_only=*/true);
  context.setDeterministicFillUninitializedMemory(false);
  c10::WarningUtils::set_warning_handler(this);
}

Determinism::~Determinism() {
  if (!gpu_) return;
  c10::WarningUtils::set_warning_handler(outer_);
  auto& context = at::globalContext();
  context.setDeterministicCuDNN(false);
  context.setDeterministicAlgorithms(false, false);
}

/// `NAME does not have a deterministic implementation, but you set ...`
void Determinism::process(const c10::Warning& warning) {
  const auto text = warning.msg();
  const auto end = text.find(" does not have a deterministic implementation");
  if (end == std::string::npos) return c10::WarningHandler::process(warning);
  const std::lock_guard lock(mutex_);
  without_.insert(text.substr(0, end));
}

std::vector<std::string> Determinism::warnings() const {
  if (!gpu_) return {};
  if (!wanted_)
    return {std::string("without `deterministic`, on the same GPU") + core::kNotRepeatable};
  const std::lock_guard lock(mutex_);
  if (without_.empty()) return {};
  std::string names;
  for (const auto& name : without_) names += (names.empty() ? "" : ", ") + name;
  return {"this GPU has no deterministic kernel of " + names + core::kNotRepeatable};
}

}  // namespace ktb::run
