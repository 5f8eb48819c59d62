// Pictures and texts, each read by a network of its own and projected into one space, where they
// are compared. Nothing is divided by its length here: the task does that.
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include "ktb/error.hpp"
#include "ktb/nn/image_text_model.hpp"
#include "ktb/plugin.hpp"

namespace {

class DualEncoder final : public ktb::ImageTextModel {
 public:
  DualEncoder(const ktb::TaskSpec& task, ktb::Options& options) : ImageTextModel(task, options) {
    if (task.kind != "retrieval")
      throw ktb::Error("the task `" + task.name + "` is of kind " + task.kind +
                       ", and this model matches pictures and texts (retrieval); for others "
                       "choose fusion_encoder");
    const auto add = [&](const char* name) {
      return ktb::add_layer(*this, name, torch::nn::Linear(sizes().width, task.outputs));
    };
    image_ = add("projection.image");
    text_ = add("projection.text");
  }

  std::string head_name() const override { return "projection"; }
  std::string gives() const override { return image_matrix(); }
  std::string takes() const override { return text_matrix(); }

 protected:
  /// Pooled: the mean of the picture's tokens, then that of the text's.
  ktb::Output forward_trunk(const ktb::Batch& batch) override {
    const auto image = read_image(batch), text = read_text(batch);
    ktb::Output out;
    out.features = features_of(image, text);
    out.pooled = at::cat(
        {ktb::mean_of(image.tokens(), image.mask), ktb::mean_of(text.tokens(), text.mask)}, 1);
    return out;
  }
  ktb::Tensor forward_head(const ktb::Output& output) override {
    const auto halves = output.pooled.chunk(2, 1);
    return at::stack({image_->forward(halves[0]), text_->forward(halves[1])}, 1);
  }

 private:
  torch::nn::Linear image_{nullptr}, text_{nullptr};
};

}  // namespace

KTB_MODEL(DualEncoder, "a network for pictures and one for texts, compared in one space",
          "Radford et al., arXiv 2103.00020", "")
