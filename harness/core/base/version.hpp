#pragma once

#include <string_view>

namespace ktb::core {

/// Of trial.json and record.json.
inline constexpr int kRecordSchema = 1;

/// Version of the harness, such as "0.1.0".
std::string_view version();

/// Version of the LibTorch that the worker and the plugins were built with, such as "2.11.0".
std::string_view torch_version();

/// Twelve hexadecimal digits over the public headers; a plugin built against others is refused.
std::string_view sdk_hash();

/// Twelve hexadecimal digits over the code that decides a trial's numbers, comments left out
/// (harness/tools/numerics.txt): the build that a trial's key names.
std::string_view build_hash();

/// The ABI key of this build, equal to KTB_ABI_KEY of ktb/abi.hpp (a test holds them together), for
/// programs that link neither torch nor the SDK.
std::string_view host_abi();

}  // namespace ktb::core
