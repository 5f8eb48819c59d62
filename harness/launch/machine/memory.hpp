#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace ktb::launch {

/// Resident memory of a process and of all that it started, in MiB; 0 once it has ended.
std::size_t resident_mib(pid_t pid);

/// How often the kernel has killed a process for want of memory, here and in this control group.
/// Where it rises while a worker is killed, memory was the reason.
std::int64_t oom_kills();

}  // namespace ktb::launch
