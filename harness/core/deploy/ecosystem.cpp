#include "core/deploy/ecosystem.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>
#include <optional>
#include <vector>

namespace ktb::core {
namespace {

std::string same(const std::string& name) { return name; }

/// What the code of a network is made of.
class Network {
 public:
  Network(const ModelRef& model, const WeightsFile& weights) : model_(model), weights_(weights) {}

  std::int64_t option(const char* name) const {
    return model_.options.at(name).get<std::int64_t>();
  }
  double number(const char* name) const { return model_.options.at(name).get<double>(); }
  std::string text(const char* name) const { return model_.options.at(name).get<std::string>(); }
  std::vector<std::int64_t> list(const char* name) const {
    return model_.options.at(name).get<std::vector<std::int64_t>>();
  }
  std::int64_t extent(const std::string& tensor, std::size_t axis) const {
    return weights_.shape(tensor).at(axis);
  }
  bool has(const std::string& tensor) const { return weights_.has(tensor); }

  /// A line that replaces a first convolution made for three channels, where there are others.
  std::string first_convolution(const std::string& python, const std::string& tensor,
                                const std::string& rest, bool replaced = false) const {
    const auto shape = weights_.shape(tensor);
    if (shape.at(1) == 3 && !replaced) return "";
    return fmt::format("net.{} = torch.nn.Conv2d({}, {}, {})\n", python, shape[1], shape[0], rest);
  }

 private:
  const ModelRef& model_;
  const WeightsFile& weights_;
};

Ecosystem torchvision_resnet(const Network& net) {
  return {"torchvision",
          fmt::format("import torch, torchvision\n\n"
                      "net = torchvision.models.resnet{}(num_classes={})\n",
                      net.option("depth"), net.extent("fc.weight", 0)) +
              net.first_convolution("conv1", "conv1.weight", "7, 2, 3, bias=False"),
          same};
}

Ecosystem torchvision_mobilenet_v2(const Network& net) {
  return {"torchvision",
          fmt::format("import torch, torchvision\n\n"
                      "net = torchvision.models.mobilenet_v2(num_classes={}, width_mult={})\n",
                      net.extent("classifier.1.weight", 0), net.number("width_mult")) +
              net.first_convolution("features[0][0]", "features.0.0.weight", "3, 2, 1, bias=False"),
          same};
}

Ecosystem torchvision_convnext(const Network& net) {
  const auto depths = net.list("depths"), widths = net.list("widths");
  std::vector<std::string> stages;
  for (std::size_t i = 0; i < depths.size(); ++i)
    stages.push_back(fmt::format("CNBlockConfig({}, {}, {})", widths[i],
                                 i + 1 < widths.size() ? std::to_string(widths[i + 1]) : "None",
                                 depths[i]));
  const auto patch = net.option("patch_size");
  return {"torchvision",
          fmt::format("import torch\n"
                      "from torchvision.models.convnext import CNBlockConfig, ConvNeXt\n\n"
                      "net = ConvNeXt([{}], num_classes={})\n",
                      fmt::join(stages, ", "), net.extent("classifier.2.weight", 0)) +
              net.first_convolution("features[0][0]", "features.0.0.weight",
                                    fmt::format("{0}, {0}", patch), patch != 4),
          same};
}

/// The side of a square picture of so many patches.
std::int64_t side(std::int64_t patches, std::int64_t patch) {
  return std::llround(std::sqrt(static_cast<double>(patches))) * patch;
}

Ecosystem torchvision_vit(const Network& net) {
  const auto patch = net.option("patch_size");
  return {
      "torchvision",
      fmt::format("import torch, torchvision\n\n"
                  "net = torchvision.models.VisionTransformer(image_size={}, patch_size={}, "
                  "num_layers={}, num_heads={}, hidden_dim={}, mlp_dim={}, num_classes={})\n",
                  side(net.extent("encoder.pos_embedding", 1) - 1, patch), patch,
                  net.option("num_layers"), net.option("num_heads"), net.option("hidden_dim"),
                  net.option("mlp_dim"), net.extent("heads.head.weight", 0)) +
          net.first_convolution("conv_proj", "conv_proj.weight", fmt::format("{0}, {0}", patch)),
      same};
}

Ecosystem timm_deit(const Network& net) {
  const auto patch = net.option("patch_size");
  return {"timm",
          fmt::format("import timm, torch\n\n"
                      "net = timm.models.vision_transformer.VisionTransformer(img_size={}, "
                      "patch_size={}, in_chans={}, num_classes={}, embed_dim={}, depth={}, "
                      "num_heads={})\n",
                      side(net.extent("pos_embed", 1) - 1, patch), patch,
                      net.extent("patch_embed.proj.weight", 1), net.extent("head.weight", 0),
                      net.option("hidden_dim"), net.option("num_layers"), net.option("num_heads")),
          same};
}

Ecosystem timm_mixer(const Network& net) {
  const auto patch = net.option("patch_size");
  return {"timm",
          fmt::format("import timm, torch\n\n"
                      "net = timm.models.mlp_mixer.MlpMixer(img_size={}, patch_size={}, "
                      "in_chans={}, num_classes={}, embed_dim={}, num_blocks={})\n",
                      side(net.extent("blocks.0.mlp_tokens.fc1.weight", 1), patch), patch,
                      net.extent("stem.proj.weight", 1), net.extent("head.weight", 0),
                      net.option("hidden_dim"), net.option("num_layers")),
          same};
}

/// Hugging Face's classes call the encoder by a name of its own, the head not.
auto behind(const std::string& prefix, const std::string& head) {
  return [=](const std::string& name) { return name.starts_with(head) ? name : prefix + name; };
}

/// None where Hugging Face's class computes its prediction otherwise: from BERT's pooler alone.
std::optional<Ecosystem> bert(const Network& net) {
  const bool spans = net.has("qa_outputs.weight");
  if (!spans && net.text("pooling") != "pooler") return std::nullopt;
  const auto config = fmt::format(
      "config = BertConfig(vocab_size={}, hidden_size={}, intermediate_size={}, "
      "num_hidden_layers={}, num_attention_heads={}, max_position_embeddings={}, num_labels={})\n",
      net.extent("embeddings.word_embeddings.weight", 0), net.option("hidden_dim"),
      net.option("mlp_dim"), net.option("num_layers"), net.option("num_heads"),
      net.extent("embeddings.position_embeddings.weight", 0),
      spans ? 2 : net.extent("classifier.weight", 0));
  const std::string type = spans ? "BertForQuestionAnswering" : "BertForSequenceClassification";
  return Ecosystem{"transformers",
                   fmt::format("from transformers import BertConfig, {0}\n\n{1}net = {0}(config)\n",
                               type, config),
                   behind("bert.", spans ? "qa_outputs." : "classifier.")};
}

/// None for classes: Hugging Face has a further layer in front of their head.
std::optional<Ecosystem> distilbert(const Network& net) {
  if (!net.has("qa_outputs.weight")) return std::nullopt;
  return Ecosystem{
      "transformers",
      fmt::format("from transformers import DistilBertConfig, DistilBertForQuestionAnswering\n\n"
                  "config = DistilBertConfig(vocab_size={}, dim={}, hidden_dim={}, n_layers={}, "
                  "n_heads={}, max_position_embeddings={})\n"
                  "net = DistilBertForQuestionAnswering(config)\n",
                  net.extent("embeddings.word_embeddings.weight", 0), net.option("hidden_dim"),
                  net.option("mlp_dim"), net.option("num_layers"), net.option("num_heads"),
                  net.extent("embeddings.position_embeddings.weight", 0)),
      behind("distilbert.", "qa_outputs.")};
}

}  // namespace

Ecosystem ecosystem_of(const ModelRef& model, const WeightsFile& weights) {
  using Make = std::optional<Ecosystem> (*)(const Network&);
  static const std::map<std::string, Make> kKnown = {
      {"torchvision_resnet",
       +[](const Network& n) { return std::optional(torchvision_resnet(n)); }},
      {"torchvision_mobilenet_v2",
       +[](const Network& n) { return std::optional(torchvision_mobilenet_v2(n)); }},
      {"torchvision_convnext",
       +[](const Network& n) { return std::optional(torchvision_convnext(n)); }},
      {"torchvision_vit", +[](const Network& n) { return std::optional(torchvision_vit(n)); }},
      {"timm_deit", +[](const Network& n) { return std::optional(timm_deit(n)); }},
      {"timm_mixer", +[](const Network& n) { return std::optional(timm_mixer(n)); }},
      {"bert", bert},
      {"distilbert", distilbert}};
  if (const auto known = kKnown.find(model.plugin); known != kKnown.end())
    if (auto made = known->second(Network(model, weights))) return *std::move(made);
  return {"", "", same};
}

}  // namespace ktb::core
