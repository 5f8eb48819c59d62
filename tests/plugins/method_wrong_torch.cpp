// As if it were built against another LibTorch.
#undef KTB_TORCH_VERSION
#define KTB_TORCH_VERSION "1.13.1"
#include "never_loaded.hpp"

KTB_METHOD(NeverLoaded, "built against another LibTorch", "made for tests")
