#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ktb/nn/text.hpp"
#include "ktb/options.hpp"

namespace ktb {

/// What a part of a network made of one input.
struct Reading {
  std::vector<Tensor> features;  ///< shallow to deep, the last one tokens [B, n, width]
  Tensor mask;                   ///< [B, n] bool: the tokens that count; undefined: all

  const Tensor& tokens() const { return features.back(); }
};

/// A part of a network that turns one of several inputs into tokens.
class KTB_API Reader {
 public:
  explicit Reader(std::string matrix);
  virtual ~Reader();
  virtual Reading operator()(const Batch& batch, bool training) = 0;

  const std::string last_matrix;  ///< name of its last weight, where knowledge may leave or enter
};

/// A network that reads `image` [c, h, w] and `tokens` [L], each by a part of its own, `image` and
/// `text`; the class above it says how the two meet.
class KTB_API ImageTextModel : public Model {
 public:
  /// Throws Error where the task has not both.
  ImageTextModel(const TaskSpec& task, Options& options);
  ~ImageTextModel() override;

  std::vector<InputSpec> reads() const override;
  /// A convolution's of several positions: a batch normalisation follows.
  bool normalised_after(const std::string& parameter) const override;

 protected:
  /// Of both parts, and of what follows them.
  struct Sizes {
    std::int64_t width, hidden, heads, layers;
    double dropout;
  };
  const Sizes& sizes() const { return sizes_; }
  Reading read_image(const Batch& batch) { return (*image_)(batch, is_training()); }
  Reading read_text(const Batch& batch) { return (*text_)(batch, is_training()); }
  /// The picture's features, then the text's.
  static std::vector<Tensor> features_of(const Reading& image, const Reading& text);
  const std::string& image_matrix() const { return image_->last_matrix; }
  const std::string& text_matrix() const { return text_->last_matrix; }

 private:
  Sizes sizes_{};
  bool convolutional_ = false;
  std::unique_ptr<Reader> image_, text_;
};

}  // namespace ktb
