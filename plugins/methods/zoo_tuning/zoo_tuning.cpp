// Zoo-Tuning: every convolution of the target mixes the kernels of all members of a hub of its own
// architecture, by gates that see the layer's input. Output channels of a member's kernel are first
// aligned with the others' by a matrix that starts as the identity. In the lite form the gates are
// those of a batch, and a running mean of them leaves one ordinary network in the end.
// Shu et al.: Zoo-Tuning, ICML 2021, arXiv 2106.15434; thuml/Zoo-Tuning. There the shortcuts of a
// lite network keep a gate for each input; here they are lite too.
#include <ATen/ops/stack.h>
#include <torch/nn/modules/batchnorm.h>

#include <algorithm>

#include "adaptive_conv.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor, ktb::zoo_tuning::AdaptiveConv, ktb::zoo_tuning::AdaptiveRule;

class ZooTuning final : public ktb::Method {
 public:
  explicit ZooTuning(ktb::Options& o)
      : lite_(
            o.get("lite", false, "gates of a batch in training, one ordinary network in the end")),
        alignment_(o.get("alignment", "late",
                         "layers of kernels above 1x1 whose channels are aligned; late: the first "
                         "and those at least half as wide as the widest, which are the stem, "
                         "layer3 and layer4 of a ResNet-50",
                         {"late", "all", "none"})) {}

  ktb::MethodNeeds needs() const override { return {.most = 0}; }
  ktb::SourceUse use(std::size_t) const override { return {.features = false, .head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    for (const auto& shape : p.target->model.features)
      if (shape.size() != 3) return p.target->model.name + " is no network of convolutions";
    return p.unlike_trunks();
  }

  void attach() override {
    const at::NoGradGuard no_grad;
    auto& target = *t().target;
    for (const auto& item : target.named_parameters()) {
      auto own = item.value();
      if (target.is_head(item.key()))  // as the original starts it
        own.copy_(at::zeros(own.sizes()).normal_(0, own.dim() > 1 ? 0.01 : 0));
      else
        own.copy_(of_all(item.key()).mean(0));
    }
    std::vector<std::pair<std::string, ktb::ConvolutionImpl*>> convolutions;
    for (const auto& item : target.named_modules("", /*include_self=*/false)) {
      if (auto* conv = item.value()->as<ktb::Convolution>())
        convolutions.emplace_back(item.key(), conv);
      if (auto* norm = item.value()->as<torch::nn::BatchNorm2d>()) norm->reset_running_stats();
    }
    if (convolutions.empty()) throw ktb::Error("the target has no convolution to be mixed");
    std::int64_t widest = 0;
    for (const auto& [path, conv] : convolutions)
      if (conv->weight.size(3) > 1) widest = std::max(widest, conv->weight.size(0));
    for (const auto& [path, conv] : convolutions) replace(path, *conv, widest);
  }

  ktb::Terms losses(ktb::Step& step) override { return {{"task", step.task_loss()}}; }

  /// Where training pauses, a lite network's mixtures become the target's own kernels.
  void train(bool on) override {
    const bool turns = on != is_training();
    ktb::Method::train(on);
    if (!lite_ || !turns) return;
    const at::NoGradGuard no_grad;
    for (auto& [conv, layer] : layers_) {
      const auto [kernel, bias] = layer->mixed(layer->lite_gates.unsqueeze(0));
      conv->weight.copy_(kernel);
      if (bias.defined()) conv->bias.copy_(bias);
    }
  }

  std::vector<Tensor> deployed() const override {
    if (lite_) return t().target->parameters();
    auto all = parameters();
    for (const auto& parameter : t().target->parameters())
      if (std::none_of(layers_.begin(), layers_.end(), [&](const auto& item) {
            return parameter.is_same(item.first->weight) || parameter.is_same(item.first->bias);
          }))
        all.push_back(parameter);
    return all;
  }

  std::vector<std::string> checks() const override { return {"zoo_tuning"}; }
  void check(ktb::Case& given) override {
    auto& [name, o, in, out, update] = given;
    const auto whole = [&](const char* option, int fallback) {
      return o.get(option, fallback, "");
    };
    const auto kernels = in.at("param.weight");
    const auto groups = whole("groups", 1);
    const ktb::Convolution like(
        torch::nn::Conv2dOptions(kernels.size(2) * groups, kernels.size(1), kernels.size(3))
            .stride(whole("stride", 1))
            .padding(whole("padding", 0))
            .dilation(whole("dilation", 1))
            .groups(groups)
            .bias(in.contains("param.bias")));
    AdaptiveConv layer(*like, kernels.size(0), AdaptiveRule{o.get("align", false, ""), lite_});
    layer->train(o.get("train", true, ""));
    layer->hold(in);
    out["y"] = layer->forward(in.at("x"));
    out["gates"] = layer->gates(in.at("x"));
    out["loss"] = (out["y"] * in.at("cotangent")).sum();
  }

 private:
  Tensor of_all(const std::string& parameter) const {
    std::vector<Tensor> all;
    for (const auto& source : t().sources) all.push_back(source->site(parameter));
    return at::stack(all);
  }

  void replace(const std::string& path, ktb::ConvolutionImpl& conv, std::int64_t widest) {
    const bool late = layers_.empty() || 2 * conv.weight.size(0) >= widest;
    const bool align =
        conv.weight.size(3) > 1 && (alignment_ == "all" || (alignment_ == "late" && late));
    auto layer = ktb::add_layer(
        *this, path, AdaptiveConv(conv, std::ssize(t().sources), AdaptiveRule{align, lite_}));
    layer->weight.copy_(of_all(path + ".weight"));
    if (conv.bias.defined()) layer->bias.copy_(of_all(path + ".bias"));
    for (auto& parameter : conv.parameters()) parameter.set_requires_grad(false);
    conv.stand_in = [&conv, layer, lite = lite_](const Tensor& x) mutable {
      const bool settled = lite && !layer->is_training();
      return settled ? conv.torch::nn::Conv2dImpl::forward(x) : layer->forward(x);
    };
    layers_.emplace_back(&conv, layer);
  }

  bool lite_;
  std::string alignment_;
  std::vector<std::pair<ktb::ConvolutionImpl*, AdaptiveConv>> layers_;
};

}  // namespace

KTB_METHOD(ZooTuning, "every convolution mixes the kernels of a hub of like models",
           "Shu et al., ICML 2021, arXiv 2106.15434")
