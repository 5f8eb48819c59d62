#pragma once
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
  virtual double peak_memory_mib() const = 0;
  /// Energy used by the device since it was started, in joules; negative where it is not counted.
  virtual double joules() const = 0;
};

/// Loads it on the first call. Throws Error that says what is missing.
CudaModule& cuda_module();

}  // namespace ktb::run
