// The driver of libFuzzer: KTB_FUZZ_TARGET names the target.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "fuzz/targets.hpp"

namespace {

const ktb::fuzz::Target* target = nullptr;

}  // namespace

/// LibTorch's reader of zip files keeps 2 KB where it refuses one.
extern "C" const char* __lsan_default_suppressions() { return "leak:mz_zip_reader_init\n"; }

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("KTB_FUZZ_TARGET");
  const auto found = ktb::fuzz::targets().find(name ? name : "");
  if (found == ktb::fuzz::targets().end()) {
    std::cerr << "KTB_FUZZ_TARGET must be one of:";
    for (const auto& [known, run] : ktb::fuzz::targets()) std::cerr << " " << known;
    std::cerr << "\n";
    std::exit(2);
  }
  target = &found->second;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto file =
      std::filesystem::path("/dev/shm") /
      ("ktb-fuzz-" + std::to_string(::getpid()) + "." +
       (std::getenv("KTB_FUZZ_TARGET") == std::string("suite") ? "toml" : "in"));
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  ktb::fuzz::run(*target, file);
  return 0;
}
