#include "ktb/nn/conv_stages.hpp"

namespace ktb {

ConvStages::ConvStages(torch::nn::Module& root, const std::string& at, std::int64_t in,
                       std::int64_t width, std::int64_t stages) {
  for (std::int64_t i = 0; i < stages; ++i) {
    const auto place = at + std::to_string(i) + ".";
    width_ = width << i;
    stages_.emplace_back(root, place + "conv", place + "norm",
                         ConvShape{.in = in, .out = width_, .kernel = 3, .stride = 2});
    last_matrix_ = place + "conv.weight";
    norms_.push_back(place + "norm");
    in = width_;
  }
}

void ConvStages::operator()(Tensor x, std::vector<Tensor>& preacts,
                            std::vector<Tensor>& maps) const {
  for (const auto& stage : stages_) {
    preacts.push_back(stage(x));
    maps.push_back(x = preacts.back().relu());
  }
}

}  // namespace ktb
