#include "run/train/cuda_module.hpp"

#include <dlfcn.h>
#include <fmt/core.h>

#include <filesystem>

#include "ktb/error.hpp"

namespace ktb::run {
namespace {

CudaModule* loaded = nullptr;

CudaModule& load(const std::string& device) {
  std::error_code gone;
  const auto home =
      std::filesystem::read_symlink("/proc/self/exe", gone).parent_path().parent_path();
  const auto path = (home / "lib" / ("ktb_" + device + ".so")).string();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  if (!library)
    throw Error(
        fmt::format("device {} cannot be used: {}\ncuda needs a GPU, its driver, and "
                    "LibTorch's CUDA libraries: run scripts/setup on a machine with a GPU",
                    device, dlerror()));
  auto* make = reinterpret_cast<CudaModule* (*)()>(dlsym(library, "ktb_cuda_module"));
  if (!make) throw Error(path + " is no CUDA module of this ktbench: build it again");
  return *make();
}

}  // namespace

void load_cuda_module(const std::string& device) {
  if (loaded == nullptr) loaded = &load(device);
}

CudaModule& cuda_module() {
  if (loaded == nullptr) throw Error("no CUDA device was set up in this process");
  return *loaded;
}

}  // namespace ktb::run
