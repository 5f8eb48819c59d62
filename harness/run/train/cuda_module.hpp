#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace ktb::run {

/// The part of the harness that needs LibTorch's CUDA half: harness/cuda, a library of its own, so
/// that the same worker starts where there is none.
class CudaModule {
 public:
  virtual ~CudaModule() = default;
  virtual std::string device_name() const = 0;
  /// Of the driver, such as `535.104.05`.
  virtual std::string driver_version() const = 0;
  virtual double memory_mib() const = 0;  ///< of the device, used or not
  virtual double peak_memory_mib() const = 0;
  /// Energy used by the device since it was started, in joules; negative where it is not counted.
  virtual double joules() const = 0;
  /// Whether its kernels are the CPU's, so that every bit must agree.
  virtual bool exact() const { return false; }
  /// How often the host has waited for the device so far; negative where nobody counts.
  virtual std::int64_t waits() const { return -1; }
  /// The places that made it wait most since this was last asked, a line each; empty where
  /// nobody noted them.
  virtual std::string wait_places(std::size_t /*most*/) const { return {}; }
};

/// Loads it on the first call, for the device of that name: `cuda`, or `mock`, which stands for a
/// GPU where there is none (harness/mock). Throws Error that says what is missing.
void load_cuda_module(const std::string& device);

/// What was loaded.
CudaModule& cuda_module();

}  // namespace ktb::run
