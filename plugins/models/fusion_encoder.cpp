// Pictures and texts, each read by a network of its own, and what follows from both. `cross`: the
// words look at the picture; `concat`: all tokens look at each other; `product`: what stands for
// either is multiplied, as in the first networks that answered questions on pictures.
#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tanh.h>
#include <torch/types.h>

#include "ktb/nn/image_text_model.hpp"
#include "ktb/nn/inputs.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;
using torch::nn::Linear;

class FusionEncoder final : public ktb::ImageTextModel {
 public:
  FusionEncoder(const ktb::TaskSpec& task, ktb::Options& options) : ImageTextModel(task, options) {
    ktb::require_one_prediction(task);
    fusion_ =
        options.get("fusion", "cross", "how picture and text meet", {"cross", "concat", "product"});
    const auto depth =
        options.get("fusion_layers", 1, "layers where they meet; `product` has one", {.least = 1});
    fusion_ == "product" ? add_product() : add_layers(depth);
    head_ = ktb::add_layer(*this, "classifier", Linear(sizes().width, task.outputs));
  }

  std::string head_name() const override { return "classifier"; }
  std::string gives() const override { return takes_; }
  std::string takes() const override { return takes_; }

 protected:
  ktb::Output forward_trunk(const ktb::Batch& batch) override {
    const auto image = read_image(batch), text = read_text(batch);
    ktb::Output out;
    out.features = features_of(image, text);
    out.pooled = fusion_ == "product" ? multiplied(image, text) : met(image, text, out.features);
    return out;
  }
  Tensor forward_head(const ktb::Output& output) override {
    return head_->forward(at::dropout(output.pooled, sizes().dropout, is_training()));
  }

 private:
  void add_product() {
    const auto add = [&](const char* name) {
      return ktb::add_layer(*this, name, Linear(sizes().width, sizes().width));
    };
    image_ = add("fusion.image");
    text_ = add("fusion.text");
    both_ = add("fusion.both");
    takes_ = "fusion.both.weight";
  }
  void add_layers(std::int64_t depth) {
    for (std::int64_t i = 0; i < depth; ++i) {
      const auto at = "fusion.layer." + std::to_string(i) + ".";
      layers_.emplace_back(*this, at, ktb::bert_names().parts, sizes().width, sizes().hidden,
                           sizes().heads);
      takes_ = at + "output.dense.weight";
    }
    ktb::init_bert(ktb::submodule(*this, "fusion"));
  }

  Tensor multiplied(const ktb::Reading& image, const ktb::Reading& text) {
    const auto seen = at::tanh(image_->forward(ktb::mean_of(image.tokens(), image.mask)));
    const auto asked = at::tanh(text_->forward(ktb::mean_of(text.tokens(), text.mask)));
    return at::tanh(both_->forward(seen * asked));
  }
  Tensor met(const ktb::Reading& image, const ktb::Reading& text, std::vector<Tensor>& features) {
    auto x = text.tokens(), mask = text.mask;
    if (fusion_ == "concat") {
      const auto all = at::ones_like(image.tokens().select(2, 0), at::kBool);
      x = at::cat({x, image.tokens()}, 1);
      mask = at::cat({mask, all}, 1);
    }
    for (auto& layer : layers_) {
      const bool joint = fusion_ == "concat";
      x = layer(x, joint ? x : image.tokens(), joint ? mask : image.mask, sizes().dropout,
                is_training());
      features.push_back(x);
    }
    return ktb::mean_of(x, mask);
  }

  std::string fusion_, takes_;
  Linear image_{nullptr}, text_{nullptr}, both_{nullptr}, head_{nullptr};
  std::vector<ktb::PostNormLayer> layers_;
};

}  // namespace

KTB_MODEL(FusionEncoder, "a network for pictures and one for texts, and layers where they meet",
          "Li et al., arXiv 2107.07651; Antol et al., arXiv 1505.00468", "")
