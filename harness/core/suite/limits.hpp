#pragma once
#include "core/base/fields.hpp"

namespace ktb::core {

/// What a trial may take; 0: no limit.
struct Limits {
  double seconds = 0, memory = 0;  ///< memory in MiB
  double retries = 1;              ///< after a kill from outside

  bool operator==(const Limits&) const = default;
};

template <Of<Limits> Self, class Ar>
void fields(Self& limits, Ar& ar) {
  ar.optional("seconds", limits.seconds);
  ar.optional("memory", limits.memory);
  ar.optional("retries", limits.retries);
}

}  // namespace ktb::core
