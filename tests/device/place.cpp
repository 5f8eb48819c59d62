#include "device/place.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <optional>

#include "ktb/error.hpp"
#include "run/train/host.hpp"

namespace ktb::tests {
namespace {

constexpr int kSkipped = 77;  // for ctest, see tests/suites.cmake

std::string said(const char* variable, const char* otherwise) {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : otherwise;
}

std::optional<at::Device> place;

/// LibTorch asks for its devices once a process, so this comes before any test.
class DeviceEnvironment final : public testing::Environment {
 public:
  void SetUp() override {
    try {
      place = run::set_up_process(device_name(), /*threads=*/1);
    } catch (const Error& problem) {
      if (device_name() == "mock") FAIL() << problem.what();
      // What an environment skips, this version of GoogleTest counts as passed.
      std::cerr << problem.what() << std::endl;
      std::_Exit(kSkipped);
    }
  }
};

[[maybe_unused]] const auto* const registered =
    testing::AddGlobalTestEnvironment(new DeviceEnvironment);

}  // namespace

std::string device_name() { return said("KTB_TEST_DEVICE", "mock"); }

std::string source_dir() { return said("KTB_SOURCE_DIR", KTB_SOURCE_DIR); }
std::string plugin_dir() { return said("KTB_PLUGIN_DIR", KTB_PLUGIN_DIR); }
std::string test_plugin_dir() { return said("KTB_TEST_PLUGIN_DIR", KTB_TEST_PLUGIN_DIR); }

at::Device device() { return place.value(); }

}  // namespace ktb::tests
