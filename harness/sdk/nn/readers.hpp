#pragma once
#include <memory>
#include <string>

#include "ktb/nn/image_text_model.hpp"

namespace ktb {

/// Everything that decides how the parts of a ImageTextModel are built.
struct ReaderSizes {
  std::int64_t width, hidden, heads, layers;
  double dropout;
  std::int64_t channels, stages, patch;  ///< of pictures
  std::int64_t positions;                ///< of texts
};

/// Registers a part below `image`: `cnn` or `vit`.
std::unique_ptr<Reader> add_image_reader(torch::nn::Module& root, const std::string& which,
                                         const InputSpec& image, const ReaderSizes& sizes);
/// Registers a part below `text`: `transformer`, `gru` or `bag`.
std::unique_ptr<Reader> add_text_reader(torch::nn::Module& root, const std::string& which,
                                        const TaskSpec& task, const ReaderSizes& sizes);

}  // namespace ktb
