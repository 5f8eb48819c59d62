#pragma once
#include <ATen/core/Tensor.h>

#include <string>

namespace ktb::tests {

/// The device of these tests by name: `mock`, or what KTB_TEST_DEVICE says.
std::string device_name();

/// Set up before the first test; the process ends with 77, skipped, where there is no such device.
at::Device device();

}  // namespace ktb::tests
