#pragma once
#include <c10/util/Exception.h>

#include <string>

namespace ktb::run {

/// What LibTorch threw, for a person: without its stack; and with the cure, where operands or a
/// generator were of two devices.
std::string told(const c10::Error& error);

}  // namespace ktb::run
