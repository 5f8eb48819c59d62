#pragma once
#include <functional>
#include <string>

#include "core/deploy/weights_file.hpp"
#include "core/plan/trial_spec.hpp"

namespace ktb::core {

/// Where else a network of ktbench's is known, and how its weights are called and loaded there.
struct Ecosystem {
  std::string library;  ///< torchvision, timm, transformers; empty: in none of them
  std::string code;     ///< Python that makes `net`, which takes the weights with strict=True
  std::function<std::string(const std::string&)> name;  ///< a tensor's name there
};

/// Of a model with these weights, whose shapes tell how many channels and classes there are.
Ecosystem ecosystem_of(const ModelRef& model, const WeightsFile& weights);

}  // namespace ktb::core
