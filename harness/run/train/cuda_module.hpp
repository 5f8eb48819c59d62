#pragma once
#include <ATen/core/Generator.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ktb::run {

/// Work of the device that was recorded once: the same operations on the same memory, which one
/// call queues again.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void replay() = 0;
};

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
  /// Gives back what nothing uses, and counts peaks anew.
  virtual void free_memory() = 0;
  /// Energy used by the device since it was started, in joules; negative where it is not counted.
  virtual double joules() const = 0;
  /// Whether its kernels are the CPU's, so that every bit must agree.
  virtual bool exact() const { return false; }
  /// How often the host has waited for the device so far; negative where nobody counts.
  virtual std::int64_t waits() const { return -1; }
  /// The places that made it wait most since this was last asked, a line each; empty where they
  /// were not noted.
  virtual std::string wait_places(std::size_t /*most*/) const { return {}; }

  /// Gives this thread a stream of its own: nothing can be recorded on the default one.
  virtual void own_stream() = 0;
  /// From here on what is queued is recorded, and may or may not be done as well. It may draw from
  /// `streams` only. Memory is shared with `before`, which is replayed first; none: its own.
  virtual void start_recording(const std::vector<at::Generator>& streams, const Graph* before) = 0;
  /// Throws c10::Error where something cannot be recorded, as the operators do meanwhile: what
  /// reads the device from the host, what copies from the host's memory.
  virtual std::unique_ptr<Graph> end_recording() = 0;
  /// After a fault in between.
  virtual void drop_recording() noexcept = 0;

  /// Queues `work` on a second stream, which starts where this thread's stands: it reads nothing
  /// that is written meanwhile. Once at a time; a recording must be joined before it ends.
  virtual void start_aside(const std::function<void()>& work) = 0;
  /// Lets this thread's stream wait for it.
  virtual void join_aside() = 0;
};

/// Loads it on the first call, for the device of that name: `cuda`, or `mock`, which stands for a
/// GPU where there is none (harness/mock). Throws Error that says what is missing.
void load_cuda_module(const std::string& device);

/// What was loaded.
CudaModule& cuda_module();

}  // namespace ktb::run
