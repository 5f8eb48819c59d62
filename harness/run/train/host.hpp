#pragma once
#include <cstdint>
#include <string>

#include "core/base/json.hpp"
#include "ktb/task.hpp"

namespace ktb::run {

/// Machine, instruction set, threads, device and driver, libraries, compiler and revision: the
/// provenance of a record.
core::Json host(at::Device device);

/// The build that this process is of. Throws Error where its libktb.so is of another.
std::string build();

/// Prepares the process: threads, an allocator that keeps its pages, TF32. `name` is cpu,
/// cuda or mock (harness/mock); throws Error where there is no such device.
at::Device set_up_process(const std::string& name, int threads);

/// How often the host has waited for the device so far; negative where nobody counts.
std::int64_t waits(at::Device device);

/// Highest memory use so far in MiB: the process', or the device's.
double peak_memory_mib(at::Device device);

}  // namespace ktb::run
