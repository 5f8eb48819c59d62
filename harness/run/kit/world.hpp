#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "run/data/example_feed.hpp"
#include "run/plugins/loader.hpp"
#include "run/train/session.hpp"

namespace ktb::run {

/// The kit's own task: small colour images of a few classes, from a formula. With another number of
/// outputs than its own it is another label space.
TaskSpec kit_task(std::int64_t outputs = 5);
std::shared_ptr<ExampleFeed> kit_data(std::int64_t batch = 8, at::Device device = at::kCPU);
/// A convolutional network with batch normalisation and dropout: four feature maps, pooled feature,
/// one linear layer. Its weights follow the seed.
std::shared_ptr<Model> kit_model(std::int64_t width, std::uint64_t seed, std::int64_t outputs = 5);

/// Who transfers to whom.
struct KitPairing {
  std::string text;  ///< for a person
  std::int64_t source_width, target_width;
  Mode mode = Mode::kTrained;
  std::size_t sources = 1;
  std::map<std::string, Value> options = {};  ///< of the method
  std::int64_t batch = 8;
  std::int64_t source_outputs = 5;
  at::Device device = at::kCPU;
};

/// A transfer of that plugin, ready for its first step. Throws Skipped with the method's reason
/// where the pairing does not suit it.
std::unique_ptr<Session> kit_session(Registry& registry, const std::string& method,
                                     const KitPairing& pairing);

/// The name of the first tensor that differs in any bit; empty: none.
std::string first_difference(const State& a, const std::vector<Tensor>& b);
std::string first_difference(const State& a, const State& b);

}  // namespace ktb::run
