#include "run/train/host.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/core.h>
#include <gnu/libc-version.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "core/base/version.hpp"
#include "core/store/revision.hpp"
#include "ktb/error.hpp"
#include "run/train/cuda_module.hpp"

extern "C" const char* ktb_build();  // of libktb.so

namespace ktb::run {
namespace {

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

/// The instruction set that LibTorch's kernels were chosen for, and the most that oneDNN may use
/// where somebody set that: sums are rounded in another order under another one.
std::string instructions() {
  const char* cap = std::getenv("ONEDNN_MAX_CPU_ISA");
  return at::get_cpu_capability() + (cap ? fmt::format(", oneDNN {}", cap) : "");
}

/// A training step frees and takes the same large blocks over and over. With glibc's defaults each
/// goes back to the system and is faulted in again page by page.
void keep_pages() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace

core::Json host(at::Device device) {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  core::Json told = {{"host", host},
                     {"cpu", processor()},
                     {"instructions", instructions()},
                     {"threads", at::get_num_threads()},
                     {"device", "cpu"},
                     {"torch", core::torch_version()},
                     {"libc", gnu_get_libc_version()},
                     {"compiler", core::compiler()},
                     {"sdk", core::sdk_hash()},
                     {"build", core::build_hash()},
                     {"revision", core::revision()},
                     {"version", core::version()}};
  if (device.is_cuda())
    told.update({{"device", cuda_module().device_name()},
                 {"driver", cuda_module().driver_version()},
                 {"cuda", at::Context::versionCUDART()},
                 {"cudnn", at::Context::versionRuntimeCuDNN()}});
  return told;
}

std::string build() {
  const std::string own(core::build_hash()), library = ktb_build();
  if (library == own) return own;
  throw Error(
      fmt::format("ktbench-worker is of build {} and its libktb.so of build {}: build both "
                  "again (scripts/build)",
                  own, library));
}

at::Device set_up_process(const std::string& name, int threads) {
  keep_pages();
  if (threads > 0) at::set_num_threads(threads);
  // LibTorch takes this once.
  if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
  if (name == "cpu") return at::kCPU;
  if (name != "cuda" && name != "mock")
    throw Error(fmt::format("device `{}` is neither cpu nor cuda", name));
  // Else cuBLAS adds in an order that no run repeats; it reads this when it starts.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  load_cuda_module(name);  // with LibTorch's CUDA half; throws where there is none
  auto& context = at::globalContext();
  if (!context.hasCUDA()) throw Error("LibTorch sees no CUDA device on this machine");
  context.setAllowTF32CuBLAS(true);
  context.setAllowTF32CuDNN(true);
  cuda_module().own_stream();
  return {at::kCUDA, 0};
}

std::int64_t waits(at::Device device) { return device.is_cuda() ? cuda_module().waits() : -1; }

double peak_memory_mib(at::Device device) {
  if (device.is_cuda()) return cuda_module().peak_memory_mib();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace ktb::run
