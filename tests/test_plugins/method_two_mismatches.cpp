// As if it were built against another LibTorch and another SDK.
#undef KTB_TORCH_VERSION
#define KTB_TORCH_VERSION "1.13.1"
#undef KTB_SDK_HASH
#define KTB_SDK_HASH "000000000000"
#include "never_loaded.hpp"

TEST_NOTE("built against another LibTorch and another SDK")
TEST_DESCRIPTOR(
    KTB_ABI_KEY, +[](ktb::Registrar&) {})
