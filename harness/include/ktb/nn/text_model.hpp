#pragma once
#include <torch/nn/modules/linear.h>

#include <optional>
#include <string>
#include <vector>

#include "ktb/nn/text.hpp"
#include "ktb/options.hpp"

namespace ktb {

/// A network that reads `tokens` [L] and, where its task has them, `segments`, and ends in one
/// linear layer: of the pooled text, or of each token where the task looks for a span.
class KTB_API TextModel : public Model {
 public:
  /// Throws Error where the task has no tokens, or wants pictures beside them.
  explicit TextModel(const TaskSpec& task);
  ~TextModel() override;

  /// As Hugging Face calls it.
  std::string head_name() const override { return spans_ ? "qa_outputs" : "classifier"; }
  std::vector<InputSpec> reads() const override;

 protected:
  std::int64_t vocabulary() const { return tokens_.vocabulary; }
  /// Whether the task looks for a span of tokens.
  bool spans() const { return spans_; }
  /// Registers the head on tokens, and pooled texts, of that width. `dropout`: of a pooled text.
  void add_head(std::int64_t width, double dropout = 0);

  /// Feature maps from shallow to deep, the last of which is [B, L, width].
  virtual std::vector<Tensor> read(const Text& text) = 0;
  /// [B, width] of the last map: by default the mean of the tokens that count.
  virtual Tensor pool(const Tensor& tokens, const Tensor& mask);

  Output forward_trunk(const Batch& batch) final;
  /// [B, outputs], or start and end [B, 2, L] with padding far below everything else.
  Tensor forward_head(const Output& output) final;

 private:
  InputSpec tokens_;
  bool has_segments_, spans_;
  torch::nn::Linear head_{nullptr};
  double dropout_ = 0;
};

/// One that is BERT's encoder or a relative, under the names of a definition. Knowledge leaves and
/// enters at the last feed-forward block's second matrix.
class KTB_API TransformerTextModel : public TextModel {
 public:
  using TextModel::TextModel;
  ~TransformerTextModel() override;

  std::string takes() const override { return encoder_->last_matrix(); }
  std::string gives() const override { return encoder_->last_matrix(); }

 protected:
  /// Declares the sizes as options and registers the encoder; returns the width of a token.
  std::int64_t add_encoder(Options& options, const TextEncoder::Names& names, int layers);
  /// Registers the head and initialises everything as BERT does.
  void finish(std::int64_t width);
  std::vector<Tensor> read(const Text& text) override;

 private:
  double dropout_ = 0;
  std::optional<TextEncoder> encoder_;
};

}  // namespace ktb
