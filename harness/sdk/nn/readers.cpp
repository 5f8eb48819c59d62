#include "sdk/nn/readers.hpp"

#include <ATen/ops/dropout.h>
#include <torch/nn/init.h>

#include <utility>

#include "ktb/error.hpp"
#include "ktb/nn/conv_stages.hpp"
#include "ktb/nn/inputs.hpp"
#include "ktb/nn/transformer.hpp"

namespace ktb {
namespace {

/// Convolutions; the places of the last map are tokens.
class ConvReader final : public Reader {
 public:
  ConvReader(torch::nn::Module& root, ConvStages stages, std::int64_t width)
      : Reader(stages.last_matrix()),
        stages_(std::move(stages)),
        project_(add_layer(root, "image.project", torch::nn::Linear(stages_.width(), width))) {}
  Reading operator()(const Batch& batch, bool) override {
    Reading out;
    std::vector<Tensor> preacts;
    stages_(batch.x.at("image"), preacts, out.features);
    out.features.push_back(project_->forward(as_tokens(out.features.back())));
    return out;
  }

 private:
  ConvStages stages_;
  torch::nn::Linear project_;
};

std::string vit_layer(std::int64_t number) {
  return "image.layers." + std::to_string(number) + ".";
}

/// A vision transformer without a class token; its layers are called as torchvision's.
class PatchReader final : public Reader {
 public:
  PatchReader(torch::nn::Module& root, const InputSpec& image, const ReaderSizes& sizes)
      : Reader(vit_layer(sizes.layers - 1) + "mlp.3.weight"),
        patches_(root, "image.patches", image.shape, sizes.width, sizes.patch),
        positions_(
            add_parameter(root, "image.positions", torch::zeros({1, patches_.count, sizes.width}))),
        dropout_(sizes.dropout) {
    const EncoderLayer::Names names = {"ln_1",
                                       "self_attention.in_proj_weight",
                                       "self_attention.in_proj_bias",
                                       "self_attention.out_proj",
                                       "ln_2",
                                       "mlp.0",
                                       "mlp.3"};
    for (std::int64_t i = 0; i < sizes.layers; ++i) {
      layers_.emplace_back(root, vit_layer(i), names, sizes.width, sizes.hidden, sizes.heads);
      torch::nn::init::xavier_uniform_(layers_.back().in_weight);
    }
    norm_ = add_layer_norm(root, "image.norm", sizes.width);
    torch::nn::init::normal_(positions_, 0, 0.02);
  }
  Reading operator()(const Batch& batch, bool training) override {
    Reading out;
    out.features = {patches_.conv->forward(batch.x.at("image"))};
    auto x = at::dropout(as_tokens(out.features[0]) + positions_, dropout_, training);
    for (auto& layer : layers_) out.features.push_back(x = layer(x, dropout_, training));
    out.features.push_back(norm_->forward(x));
    return out;
  }

 private:
  Patches patches_;
  Tensor positions_;
  double dropout_;
  std::vector<EncoderLayer> layers_;
  torch::nn::LayerNorm norm_{nullptr};
};

/// BERT's encoder.
class TransformerReader final : public Reader {
 public:
  TransformerReader(TextEncoder encoder, bool segments, double dropout)
      : Reader(encoder.last_matrix()),
        encoder_(std::move(encoder)),
        segments_(segments),
        dropout_(dropout) {}
  Reading operator()(const Batch& batch, bool training) override {
    const Text text(batch, segments_);
    return {encoder_(text, dropout_, training), text.mask};
  }

 private:
  TextEncoder encoder_;
  bool segments_;
  double dropout_;
};

/// Layers of recurrent units in both directions, half the width each way.
class GruReader final : public Reader {
 public:
  GruReader(torch::nn::Module& root, std::int64_t vocabulary, const ReaderSizes& sizes)
      : Reader("text.gru.weight_ih_l" + std::to_string(sizes.layers - 1)),
        words_(add_embedding(root, "text.embedding", vocabulary, sizes.width)),
        dropout_(sizes.dropout) {
    if (sizes.width % 2)
      throw OptionError("hidden_dim", "option `hidden_dim` is " + std::to_string(sizes.width) +
                                          "; a text read in both directions needs an even width");
    for (std::int64_t i = 0; i < sizes.layers; ++i)
      layers_.emplace_back(root, "text.gru.", i, sizes.width, sizes.width / 2);
  }
  Reading operator()(const Batch& batch, bool training) override {
    const Text text(batch, false);
    Reading out{{words_->forward(text.tokens)}, text.mask};
    for (const auto& layer : layers_)
      out.features.push_back(
          layer(at::dropout(out.features.back(), dropout_, training), text.mask));
    return out;
  }

 private:
  torch::nn::Embedding words_;
  double dropout_;
  std::vector<BiGruLayer> layers_;
};

/// Words without their order.
class BagReader final : public Reader {
 public:
  BagReader(torch::nn::Module& root, std::int64_t vocabulary, std::int64_t width)
      : Reader("text.embedding.weight"),
        words_(add_embedding(root, "text.embedding", vocabulary, width)) {}
  Reading operator()(const Batch& batch, bool) override {
    const Text text(batch, false);
    return {{words_->forward(text.tokens)}, text.mask};
  }

 private:
  torch::nn::Embedding words_;
};

}  // namespace

std::unique_ptr<Reader> add_image_reader(torch::nn::Module& root, const std::string& which,
                                         const InputSpec& image, const ReaderSizes& sizes) {
  if (which == "vit") return std::make_unique<PatchReader>(root, image, sizes);
  return std::make_unique<ConvReader>(
      root, ConvStages(root, "image.", image.shape[0], sizes.channels, sizes.stages), sizes.width);
}

std::unique_ptr<Reader> add_text_reader(torch::nn::Module& root, const std::string& which,
                                        const TaskSpec& task, const ReaderSizes& sizes) {
  const auto vocabulary = task.input("tokens").vocabulary;
  if (which == "gru") return std::make_unique<GruReader>(root, vocabulary, sizes);
  if (which == "bag") return std::make_unique<BagReader>(root, vocabulary, sizes.width);
  TextEncoder encoder(root, bert_names("text."), vocabulary,
                      {sizes.width, sizes.hidden, sizes.heads, sizes.layers,
                       enough_positions(task, sizes.positions)});
  init_bert(submodule(root, "text"));
  return std::make_unique<TransformerReader>(std::move(encoder), find_input(task, "segments", 1),
                                             sizes.dropout);
}

}  // namespace ktb
