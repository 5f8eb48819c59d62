#pragma once
#include <string>

#include "core/base/reason.hpp"
#include "core/store/store.hpp"

namespace ktb::core {

/// Why a finished trial that somebody else made cannot be taken for what its name says. Its files
/// must be read, be there in full and agree: the key with what it hashes, that with trial.json,
/// that with the record, the record with the samples that it counts and the weights.
Reason fault_of(const Store& store, const std::string& id);

}  // namespace ktb::core
