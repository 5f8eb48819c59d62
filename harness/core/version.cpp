#include "core/version.hpp"

namespace ktb::core {

std::string_view version() { return KTB_VERSION; }

std::string_view torch_version() { return KTB_TORCH_VERSION; }

std::string_view sdk_hash() { return KTB_SDK_HASH; }

}  // namespace ktb::core
