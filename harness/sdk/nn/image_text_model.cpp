#include "ktb/nn/image_text_model.hpp"

#include <utility>

#include "ktb/nn/inputs.hpp"
#include "sdk/nn/readers.hpp"

namespace ktb {

Reader::Reader(std::string matrix) : last_matrix(std::move(matrix)) {}
Reader::~Reader() = default;

ImageTextModel::ImageTextModel(const TaskSpec& task, Options& options) : Model(task) {
  const auto& image = wanted_input(task, "image", 3);
  const auto image_part = options.get(
      "image", "cnn", "what reads pictures: convolutions or a transformer", {"cnn", "vit"});
  const auto text_part =
      options.get("text", "transformer", "what reads texts: `bag` knows no order of words",
                  {"transformer", "gru", "bag"});
  ReaderSizes all;
  all.width = options.get("hidden_dim", 128, "width of a token", {.least = 1});
  all.hidden = options.get("mlp_dim", 256, "width of a transformer's hidden layer", {.least = 1});
  all.heads = options.get("num_heads", 4, "heads of an attention", {.least = 1});
  all.layers = options.get("num_layers", 2, "layers of vit, transformer or gru", {.least = 1});
  all.dropout = options.get("dropout", 0.1, "rate inside transformers and in front of units",
                            {.least = 0, .most = 0.99});
  all.channels = options.get("cnn_width", 32, "channels of the first convolution", {.least = 1});
  all.stages = options.get("cnn_stages", 4,
                           "convolutions; each halves the map and doubles the "
                           "channels",
                           {.least = 1, .most = 8});
  all.patch = options.get("patch_size", 8, "side of a vit's patch", {.least = 1});
  all.positions = options.get("max_length", 512, "the longest text of a transformer", {.least = 1});
  sizes_ = {all.width, all.hidden, all.heads, all.layers, all.dropout};
  convolutional_ = image_part == "cnn";
  image_ = add_image_reader(*this, image_part, image, all);
  text_ = add_text_reader(*this, text_part, task, all);
}

ImageTextModel::~ImageTextModel() = default;

std::vector<InputSpec> ImageTextModel::reads() const {
  std::vector<InputSpec> inputs = {task().input("image"), task().input("tokens")};
  if (const auto* segments = find_input(task(), "segments", 1)) inputs.push_back(*segments);
  if (convolutional_) inputs[0].shape = {inputs[0].shape[0], -1, -1};
  for (std::size_t i = 1; i < inputs.size(); ++i) inputs[i].shape = {-1};
  return inputs;
}

std::vector<Tensor> ImageTextModel::features_of(const Reading& image, const Reading& text) {
  auto features = image.features;
  features.insert(features.end(), text.features.begin(), text.features.end());
  return features;
}

bool ImageTextModel::normalised_after(const std::string& parameter) const {
  return convolutional_ && site(parameter).dim() == 4;
}

}  // namespace ktb
