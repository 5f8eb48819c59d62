// As if it were built against another LibTorch.
#undef KTB_TORCH_VERSION
#define KTB_TORCH_VERSION "1.13.1"
#include "never_loaded.hpp"

TEST_NOTE("built against another LibTorch")
TEST_DESCRIPTOR(
    KTB_ABI_KEY, +[](ktb::Registrar&) {})
