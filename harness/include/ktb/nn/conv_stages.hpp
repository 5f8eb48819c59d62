#pragma once
#include <string>
#include <vector>

#include "ktb/nn/blocks.hpp"

namespace ktb {

/// Stages of a 3x3 convolution, a batch normalisation and ReLU, each of which halves height and
/// width; stage i has `width` * 2^i channels.
class KTB_API ConvStages {
 public:
  /// Registers them as `at`0.conv, `at`0.norm, `at`1.conv and so on.
  ConvStages(torch::nn::Module& root, const std::string& at, std::int64_t in, std::int64_t width,
             std::int64_t stages);
  /// Appends a map a stage, before and after its activation.
  void operator()(Tensor x, std::vector<Tensor>& preacts, std::vector<Tensor>& maps) const;

  const std::string& last_matrix() const { return last_matrix_; }
  const std::vector<std::string>& norms() const { return norms_; }
  std::int64_t width() const { return width_; }  ///< of the last map

 private:
  std::vector<ConvNorm> stages_;
  std::string last_matrix_;
  std::vector<std::string> norms_;
  std::int64_t width_ = 0;
};

}  // namespace ktb
