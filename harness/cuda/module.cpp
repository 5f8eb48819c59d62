// LibTorch's generic headers and the driver's own library say it all, so this builds on machines
// that never saw a GPU.
#include <c10/core/CachingDeviceAllocator.h>
#include <dlfcn.h>

#include <string>

#include "cuda/graph.hpp"
#include "ktb/export.hpp"
#include "run/train/cuda_module.hpp"

namespace {

/// The driver's management library, which need not be there.
class Driver {
 public:
  Driver() {
    library_ = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    const auto start = symbol<int()>("nvmlInit_v2");
    found_ = start && start() == 0 && find();
  }
  /// Negative where the device does not count its energy.
  double joules() const {
    const auto read =
        symbol<int(void*, unsigned long long*)>("nvmlDeviceGetTotalEnergyConsumption");
    unsigned long long millijoules = 0;
    const bool known = found_ && read && read(device_, &millijoules) == 0;
    return known ? static_cast<double>(millijoules) / 1e3 : -1;
  }
  double memory_mib() const {
    struct {
      unsigned long long total = 0, free = 0, used = 0;
    } bytes;
    const auto read = symbol<int(void*, void*)>("nvmlDeviceGetMemoryInfo");
    const bool known = found_ && read && read(device_, &bytes) == 0;
    return known ? static_cast<double>(bytes.total) / (1 << 20) : 0;
  }
  std::string name() const {
    const auto read = symbol<int(void*, char*, unsigned)>("nvmlDeviceGetName");
    char text[96] = {};
    return found_ && read && read(device_, text, sizeof text) == 0 ? text : "unknown CUDA device";
  }
  std::string version() const {
    const auto read = symbol<int(char*, unsigned)>("nvmlSystemGetDriverVersion");
    char text[80] = {};
    return found_ && read && read(text, sizeof text) == 0 ? text : "unknown";
  }

 private:
  /// This library counts all GPUs of the machine; ours is the first of those that CUDA may see.
  bool find() {
    const auto by_bus = symbol<int(const char*, void**)>("nvmlDeviceGetHandleByPciBusId_v2");
    const auto bus = ktb::cuda::bus_id();
    if (by_bus && !bus.empty() && by_bus(bus.c_str(), &device_) == 0) return true;
    const auto by_index = symbol<int(unsigned, void**)>("nvmlDeviceGetHandleByIndex_v2");
    return by_index && by_index(0, &device_) == 0;
  }

  template <class Function>
  Function* symbol(const char* name) const {
    return library_ ? reinterpret_cast<Function*>(dlsym(library_, name)) : nullptr;
  }
  void* library_ = nullptr;
  void* device_ = nullptr;
  bool found_ = false;
};

class Module final : public ktb::run::CudaModule {
 public:
  std::string device_name() const override { return driver_.name(); }
  std::string driver_version() const override { return driver_.version(); }
  double memory_mib() const override { return driver_.memory_mib(); }
  double peak_memory_mib() const override {
    const auto stats = c10::getDeviceAllocator(c10::kCUDA)->getDeviceStats(0);
    return static_cast<double>(stats.allocated_bytes[0].peak) / (1024.0 * 1024.0);
  }
  void free_memory() override {
    auto* const memory = c10::getDeviceAllocator(c10::kCUDA);
    memory->emptyCache();
    memory->resetPeakStats(0);
  }
  double joules() const override { return driver_.joules(); }
  void own_stream() override { ktb::cuda::own_stream(); }
  void start_recording(const std::vector<at::Generator>& streams,
                       const ktb::run::Graph* before) override {
    ktb::cuda::start_recording(streams, before);
  }
  std::unique_ptr<ktb::run::Graph> end_recording() override { return ktb::cuda::end_recording(); }
  void drop_recording() noexcept override { ktb::cuda::drop_recording(); }
  void start_aside(const std::function<void()>& work) override { ktb::cuda::start_aside(work); }
  void join_aside() override { ktb::cuda::join_aside(); }

 private:
  Driver driver_;
};

}  // namespace

extern "C" KTB_API ktb::run::CudaModule* ktb_cuda_module() {
  static auto* const module = new Module;
  return module;
}
