#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <dlfcn.h>

#include "ktb/export.hpp"
#include "run/cuda_module.hpp"

namespace {

/// The energy counter of the driver's management library, which need not be there.
class EnergyCounter {
 public:
  EnergyCounter() {
    void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (!library) return;
    const auto start = reinterpret_cast<int (*)()>(dlsym(library, "nvmlInit_v2"));
    const auto handle = reinterpret_cast<int (*)(unsigned, void**)>(
        dlsym(library, "nvmlDeviceGetHandleByIndex_v2"));
    read_ = reinterpret_cast<Read>(dlsym(library, "nvmlDeviceGetTotalEnergyConsumption"));
    if (!start || !handle || start() != 0 || handle(0, &device_) != 0) read_ = nullptr;
  }
  double joules() const {
    unsigned long long millijoules = 0;
    return read_ && read_(device_, &millijoules) == 0 ? static_cast<double>(millijoules) / 1e3 : -1;
  }

 private:
  using Read = int (*)(void*, unsigned long long*);
  Read read_ = nullptr;
  void* device_ = nullptr;
};

class Module final : public ktb::run::CudaModule {
 public:
  std::string device_name() const override { return at::cuda::getDeviceProperties(0)->name; }
  double peak_memory_mib() const override {
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(0);
    return static_cast<double>(stats.allocated_bytes[0].peak) / (1024.0 * 1024.0);
  }
  double joules() const override { return energy_.joules(); }

 private:
  EnergyCounter energy_;
};

}  // namespace

extern "C" KTB_API ktb::run::CudaModule* ktb_cuda_module() {
  static auto* const module = new Module;
  return module;
}
