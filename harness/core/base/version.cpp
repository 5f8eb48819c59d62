#include "core/base/version.hpp"

namespace ktb::core {

std::string_view version() { return KTB_VERSION; }

std::string_view torch_version() { return KTB_TORCH_VERSION; }

std::string_view sdk_hash() { return KTB_SDK_HASH; }

#define KTB_TEXT_(x) #x
#define KTB_TEXT(x) KTB_TEXT_(x)
#ifdef __SANITIZE_ADDRESS__
#define KTB_ASAN "1"
#else
#define KTB_ASAN "0"
#endif

std::string_view host_abi() {
  return "sdk=" KTB_SDK_HASH " torch=" KTB_TORCH_VERSION " cxx11abi=" KTB_TEXT(
      _GLIBCXX_USE_CXX11_ABI) " std=" KTB_TEXT(__cplusplus) " ndebug=1 asan=" KTB_ASAN;
}

}  // namespace ktb::core
