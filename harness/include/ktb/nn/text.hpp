#pragma once
#include <torch/nn/modules/embedding.h>

#include <string>
#include <vector>

#include "ktb/nn/attention.hpp"

// Parts of networks that read texts.

namespace ktb {

/// A batch of texts.
struct KTB_API Text {
  /// `with_segments`: reads the batch's, too.
  Text(const Batch& batch, bool with_segments);

  Tensor tokens;    ///< [B, L] int64, 0 is padding, which stands at the end
  Tensor segments;  ///< [B, L] int64; undefined: all are of the first
  /// [B, L] bool: what is no padding. The first place always counts: an empty text is one token of
  /// padding, and no mean divides by 0.
  Tensor mask;
};

/// Where a task's texts have at most `positions` tokens, that;
/// else throws OptionError, naming `max_length`.
KTB_API std::int64_t enough_positions(const TaskSpec& task, std::int64_t positions);

/// An embedding of so many ids, 0 of which is padding;
/// uniform in [-0.25, 0.25] at first (Kim, arXiv 1408.5882).
KTB_API torch::nn::Embedding add_embedding(torch::nn::Module& root, const std::string& path,
                                           std::int64_t vocabulary, std::int64_t width);

/// [B, d] of tokens [B, n, d]: the mean of those that count, or the largest value of each channel.
/// An undefined mask: all count.
KTB_API Tensor mean_of(const Tensor& tokens, const Tensor& mask);
KTB_API Tensor max_of(const Tensor& tokens, const Tensor& mask);

/// BERT's and DistilBERT's encoder: the embeddings of words, positions and segments are added and
/// normalised; encoder layers follow.
class KTB_API TextEncoder {
 public:
  struct Names {
    std::string words, positions, segments, norm;  ///< without `segments`: there are none
    std::string layer;                             ///< in front of a layer's number
    PostNormLayer::Names parts;
  };
  struct Sizes {
    std::int64_t width, hidden, heads, layers;
    std::int64_t positions;  ///< the longest text
  };
  TextEncoder(torch::nn::Module& root, const Names& names, std::int64_t vocabulary,
              const Sizes& sizes);
  /// The embedded tokens [B, L, d], then the tokens after each layer. Throws Error where a text is
  /// longer than there are positions.
  std::vector<Tensor> operator()(const Text& text, double dropout, bool training);

  /// The last matrix of the last layer.
  const std::string& last_matrix() const { return last_matrix_; }

 private:
  torch::nn::Embedding words_, positions_, segments_{nullptr};
  torch::nn::LayerNorm norm_;
  std::vector<PostNormLayer> layers_;
  std::string last_matrix_;
};

/// What Hugging Face calls the parts of BERT's encoder, behind a prefix.
KTB_API TextEncoder::Names bert_names(const std::string& prefix = "");

/// A layer of gated recurrent units (Cho et al., arXiv 1406.1078) in both directions: [B, L, d] to
/// [B, L, 2 width]. Parameters have the names of torch.nn.GRU, `weight_ih_l0_reverse` and the like,
/// and results are those of a packed sequence: padding is not read.
class KTB_API BiGruLayer {
 public:
  BiGruLayer(torch::nn::Module& root, const std::string& at, std::int64_t number, std::int64_t in,
             std::int64_t width);
  Tensor operator()(const Tensor& x, const Tensor& mask) const;

 private:
  std::vector<Tensor> forward_, backward_;
};

}  // namespace ktb
