#pragma once
#include <cstddef>
#include <vector>

#include "inlet.hpp"
#include "ktb/model.hpp"
#include "ktb/nn/blocks.hpp"

namespace ktb::knowledge_flow {

/// A convolution of the student whose output others may flow into.
struct Entrance {
  ConvolutionImpl* convolution;
  std::size_t place;  ///< among the model's features, of the map that it leads to
};

/// Of each shape among the feature maps the last convolution that puts it out: the end of its
/// stage, where the network computes its stages by ktb::Convolution; from shallow to deep.
std::vector<Entrance> entrances(Model& model, const std::vector<Shape>& features);

}  // namespace ktb::knowledge_flow
