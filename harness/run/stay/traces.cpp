#include "run/stay/traces.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/CachingHostAllocator.h>
#include <c10/core/AutogradState.h>
#include <c10/core/DefaultDtype.h>
#include <fmt/core.h>
#include <malloc.h>
#include <unistd.h>

#include <cfenv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "run/plugins/loader.hpp"
#include "run/train/cuda_module.hpp"

namespace ktb::run {
namespace {

/// What fragments of the heap may keep of a trial: beyond it a cap on the memory of the next would
/// count what was another's.
constexpr double kKeptMib = 512;

/// What each trial is given anew is left out.
std::string environment() {
  std::string all;
  for (char** one = environ; *one != nullptr; ++one)
    if (!std::string_view(*one).starts_with("KTBENCH_TRIAL=")) all += std::string(*one) + '\n';
  return all;
}

std::string where() {
  std::error_code gone;
  return std::filesystem::current_path(gone).string();
}

/// As a generator that nobody has seeded. The device's default stream is the same.
void forget_draws(at::Device device) {
  std::srand(1);
  for (const at::Device one : {at::Device(at::kCPU), device}) {
    auto generator = at::globalContext().defaultGenerator(one);
    const std::lock_guard lock(generator.mutex());
    generator.set_current_seed(c10::default_rng_seed_val);
  }
}

}  // namespace

std::vector<Traces::Setting> Traces::settings() {
  const auto& context = at::globalContext();
  const auto& autograd = c10::AutogradState::get_tls_state();
  const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
  return {
      {"the environment", environment()},
      {"the working folder", where()},
      {"the rounding mode", number(std::fegetround())},
      {"the number of threads", number(at::get_num_threads())},
      {"the default type", std::string(c10::get_default_dtype().name())},
      {"whether gradients are kept", number(autograd.get_grad_mode())},
      {"inference mode", number(autograd.get_inference_mode())},
      {"deterministic algorithms", number(context.deterministicAlgorithms())},
      {"deterministic cuDNN", number(context.deterministicCuDNN())},
      {"cuDNN's choice by time", number(context.benchmarkCuDNN())},
      {"the use of cuDNN", number(context.userEnabledCuDNN())},
      {"the use of oneDNN", number(context.userEnabledMkldnn())},
      {"TF32 of cuBLAS", number(context.allowTF32CuBLAS())},
      {"TF32 of cuDNN", number(context.allowTF32CuDNN())},
      {"the kernels of attention",
       number(context.userEnabledFlashSDP()) + number(context.userEnabledMathSDP()) +
           number(context.userEnabledMemEfficientSDP()) + number(context.userEnabledCuDNNSDP())}};
}

Traces::Traces(at::Device device) : device_(device) { forget_draws(device_); }

double Traces::resident_mib() {
  std::ifstream file("/proc/self/statm");
  double size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGE_SIZE)) / (1 << 20);
}

std::string Traces::clear() {
  if (auto reason = why_not_again(); !reason.empty()) return reason;
  const auto now = settings();
  for (std::size_t i = 0; i < now.size(); ++i)
    if (now[i].value != before_[i].value)
      return fmt::format("{} was changed by a trial, so another process runs the next",
                         now[i].name);
  forget_draws(device_);
  cuda_module().free_memory();
  if (auto* const pinned = at::getHostAllocator(device_.type())) pinned->empty_cache();
  ::malloc_trim(0);
  const double held = resident_mib();
  if (most_mib_ == 0) most_mib_ = held + kKeptMib;
  return held <= most_mib_ ? ""
                           : "a trial has left memory behind, so another process runs the next";
}

}  // namespace ktb::run
