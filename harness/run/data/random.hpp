#pragma once
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ktb::run {

/// The device's default generator, which dropout cannot avoid, on a stream of its own for a while.
/// Streams are seeded by what they depend on (core/base/seed.hpp), so no random state is saved, and
/// a method that draws numbers leaves the target's untouched.
class RandomScope {
 public:
  RandomScope(at::Device device, std::uint64_t seed);
  ~RandomScope();
  RandomScope(const RandomScope&) = delete;
  RandomScope& operator=(const RandomScope&) = delete;

 private:
  at::Generator generator_;
  at::Tensor before_;
};

}  // namespace ktb::run
