#include "ktb/nn/linear_stages.hpp"

#include "ktb/nn/blocks.hpp"

namespace ktb {

LinearStages::LinearStages(torch::nn::Module& root, const std::string& at,
                           const std::vector<std::int64_t>& shape,
                           const std::vector<std::int64_t>& widths) {
  for (const auto extent : shape) width_ *= extent;
  for (const auto width : widths) {
    const auto name = at + std::to_string(layers_.size());
    layers_.push_back(add_layer(root, name, torch::nn::Linear(width_, width)));
    last_matrix_ = name + ".weight";
    width_ = width;
  }
}

Output LinearStages::operator()(const Tensor& x, bool tanh) const {
  Output out;
  out.pooled = x.flatten(1);
  for (const auto& layer : layers_) {
    // A holder's const access gives a const module, and forward() is not const.
    out.preacts.push_back(layer.ptr()->forward(out.pooled));
    out.pooled = tanh ? out.preacts.back().tanh() : out.preacts.back().relu();
    out.features.push_back(out.pooled);
  }
  return out;
}

}  // namespace ktb
