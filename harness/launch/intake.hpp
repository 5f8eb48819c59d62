#pragma once
#include <cstdint>
#include <string>

#include "core/base/reason.hpp"
#include "core/store/store.hpp"

namespace ktb::launch {

/// What becomes of a trial of another folder of results.
struct Intake {
  enum class Verdict {
    kTaken,
    kKept,      ///< an ok record of its key is here already
    kNoResult,  ///< there is no ok record to take
    kRefused    ///< for the reason
  };
  Verdict verdict = Verdict::kTaken;
  core::Reason reason;
  std::string build;  ///< of the harness that made it
};

/// Copies a trial that is whole into `store`, its record last. With `dry` nothing is written.
Intake take_in(const core::Store& from, const std::string& id, const core::Store& store, bool dry);

}  // namespace ktb::launch
