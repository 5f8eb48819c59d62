#pragma once
#include <string>

#include "core/base/reason.hpp"
#include "core/plan/plan.hpp"
#include "core/store/record.hpp"
#include "launch/process.hpp"

namespace ktb::launch {

/// Why the launcher itself ended a worker.
enum class Killed { kNo, kTimeout, kMemory, kInterrupt, kTimeUp };

/// How a worker ended that left no record.
struct End {
  Exit exit;
  Killed killed = Killed::kNo;
  bool by_kernel = false;  ///< killed for want of memory
  double seconds = 0;
  std::size_t resident_mib = 0;  ///< the most that was seen
  std::string log;               ///< path of log.txt
  std::string started;           ///< ISO 8601
};

/// The record in the worker's place: status, reason,
/// the log's last lines and the stack that a crash printed.
core::Record record_of(const core::Trial& trial, const End& end);

/// A trial that is left out for the reason.
core::Record record_not_started(const core::Trial& trial, const core::Reason& reason);

/// A trial that cannot run because `source` has no weights for it.
core::Record record_without_source(const core::Trial& trial, const core::Record& source);

}  // namespace ktb::launch
