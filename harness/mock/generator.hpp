#pragma once
#include <ATen/core/Generator.h>

#include <optional>

namespace ktb::mock {

at::Generator make_generator();

/// The device's own; never destroyed.
const at::Generator& default_generator();

/// The host's generator that gives the numbers of one of the device, or of its default. Throws
/// where it is no generator of the device.
at::Generator host_generator(const std::optional<at::Generator>& device);

}  // namespace ktb::mock
