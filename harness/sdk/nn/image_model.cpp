#include "ktb/nn/image_model.hpp"

#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>

#include "ktb/nn/blocks.hpp"
#include "ktb/nn/inputs.hpp"

namespace ktb {

ImageModel::ImageModel(const TaskSpec& task, const std::string& input)
    : Model(task), image_(wanted_input(task, input, 3)) {
  require_one_prediction(task);
}
ImageModel::~ImageModel() = default;
ConvNet::~ConvNet() = default;

torch::nn::Linear ImageModel::add_head(const std::string& name, std::int64_t width) {
  head_name_ = name;
  return head_ = add_layer(*this, name, torch::nn::Linear(width, task().outputs));
}

Tensor ImageModel::forward_head(const Output& output) { return head_->forward(output.pooled); }

std::vector<InputSpec> ConvNet::reads() const {
  auto inputs = ImageModel::reads();
  std::fill(inputs[0].shape.begin() + 1, inputs[0].shape.end(), -1);
  return inputs;
}

bool ConvNet::normalised_after(const std::string& parameter) const {
  return site(parameter).dim() == 4;
}

void ConvNet::init_convolutions() {
  for (const auto& module : modules(/*include_self=*/false)) {
    auto* conv = module->as<torch::nn::Conv2d>();
    if (!conv) continue;
    torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    if (conv->bias.defined()) torch::nn::init::zeros_(conv->bias);
  }
}

Tensor ConvNet::averaged(const Tensor& map) { return map.mean({2, 3}); }

}  // namespace ktb
