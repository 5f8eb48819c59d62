#pragma once
#include <ATen/core/Tensor.h>

#include <string>

namespace ktb::tests {

/// The device of these tests by name: `mock`, or what KTB_TEST_DEVICE says.
std::string device_name();

/// Where the tree, its plugins and those for tests are: as built, or where they were carried to by
/// KTB_SOURCE_DIR, KTB_PLUGIN_DIR and KTB_TEST_PLUGIN_DIR of the environment.
std::string source_dir();
std::string plugin_dir();
std::string test_plugin_dir();

/// Set up before the first test; the process ends with 77, skipped, where there is no such device.
at::Device device();

}  // namespace ktb::tests
