// A trunk that was written in Python and saved by torch.jit.save: forward(image) gives a dictionary
// with `features.0`, `features.1`, ... and `pooled` [B, d]. The head is made here, as wide as the
// task wants. Parameters have the archive's names, so that files of weights fit by name.
#include <ATen/ops/zeros.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <set>
#include <string>
#include <utility>

#include "archive.hpp"
#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

class TorchScript final : public ktb::ImageModel {
 public:
  TorchScript(const ktb::TaskSpec& task, ktb::Options& options)
      : TorchScript(task, options,
                    options.get("input", "image", "which input of the task forward() is given",
                                {"image", "audio"})) {}

  void train(bool on = true) override {
    ImageModel::train(on);
    script_.train(on);
  }
  std::string takes() const override { return takes_; }

 protected:
  ktb::Output forward_trunk(const ktb::Batch& batch) override {
    return outputs(call(script_, file_, "forward", {batch.x.at(input_)}));
  }

 private:
  TorchScript(const ktb::TaskSpec& task, ktb::Options& options, const std::string& input)
      : ImageModel(task, input), input_(input) {
    file_ = options.file("file", "what torch.jit.save wrote of a scripted trunk");
    const auto fresh =
        options.get("initial", "fresh",
                    "how its weights begin: by its method initialise(), each seed otherwise, or as "
                    "they are stored in the file",
                    {"fresh", "stored"}) == "fresh";
    const auto takes =
        options.get("takes", "", "weight where knowledge enters; \"\": its last matrix");
    if (file_.empty())
      throw ktb::OptionError("file",
                             "option `file` is missing: the archive that torch.jit.save wrote");
    try {
      script_ = read_archive(file_);
      register_all();
      if (fresh) initialise();
      add_head(free_name("head"), measured_width());
    } catch (const ktb::OptionError&) {
      throw;
    } catch (const ktb::Error& error) {
      throw ktb::OptionError("file", error.what());
    } catch (const c10::Error& error) {
      throw ktb::OptionError("file", error.what_without_backtrace());
    }
    takes_ = takes.empty() ? last_matrix() : takes;
    if (!named_parameters().contains(takes_))
      throw ktb::OptionError("takes", file_ + " has no parameter `" + takes_ + "`");
  }

  /// The same tensors as the script's, so that whatever moves or changes ours moves theirs. One
  /// that two names share is registered once.
  void register_all() {
    std::set<const void*> known;
    for (const auto& item : script_.named_parameters())
      if (known.insert(item.value.unsafeGetTensorImpl()).second)
        ktb::add_parameter(*this, item.name, item.value);
    for (const auto& item : script_.named_buffers()) {
      const auto dot = item.name.rfind('.');
      const bool inner = dot != std::string::npos;
      ktb::submodule(*this, inner ? item.name.substr(0, dot) : "")
          .register_buffer(inner ? item.name.substr(dot + 1) : item.name, item.value);
    }
  }

  void initialise() {
    if (!script_.find_method("initialise"))
      throw ktb::OptionError(
          "initial",
          file_ +
              " does not say how its weights begin: it has no method `initialise`. Export "
              "one, or say initial = \"stored\" where the weights in the file are meant, "
              "with which every seed then begins");
    const torch::NoGradGuard no_grad;
    call(script_, file_, "initialise", {});
  }

  /// That of `pooled`, by one example of zeros in evaluation mode.
  std::int64_t measured_width() {
    auto shape = image_shape();
    shape.insert(shape.begin(), 1);
    const torch::NoGradGuard no_grad;
    script_.eval();
    const auto out = outputs(call(script_, file_, "forward", {at::zeros(shape)}));
    script_.train(is_training());
    const auto& pooled = out.pooled;
    if (pooled.dim() != 2 || pooled.size(0) != 1)
      throw ktb::Error(file_ + ": `pooled` of one example must be [1, d], and has " +
                       std::to_string(pooled.dim()) + " dimensions; flatten or average it");
    for (std::size_t k = 0; k < out.features.size(); ++k)
      if (out.features[k].dim() < 2 || out.features[k].size(0) != 1)
        throw ktb::Error(file_ + ": `features." + std::to_string(k) +
                         "` must begin with the batch's dimension");
    return pooled.size(1);
  }

  ktb::Output outputs(const c10::IValue& given) const {
    constexpr auto kWanted =
        "; it must give a dictionary of tensors with `features.0`, `features.1`, ... and `pooled`";
    if (!given.isGenericDict())
      throw ktb::Error(file_ + ": forward() gives no dictionary" + kWanted);
    ktb::Output out;
    const auto maps = given.toGenericDict();
    const auto tensor = [&](const std::string& name) -> ktb::Tensor {
      const auto found = maps.find(name);
      if (found == maps.end() || !found->value().isTensor())
        throw ktb::Error(file_ + ": forward() gives no tensor `" + name + "`" + kWanted);
      return found->value().toTensor();
    };
    out.features.resize(count_features(maps));
    for (std::size_t k = 0; k < out.features.size(); ++k)
      out.features[k] = tensor("features." + std::to_string(k));
    if (out.features.empty()) tensor("features.0");
    out.pooled = tensor("pooled");
    return out;
  }

  static std::size_t count_features(const c10::impl::GenericDict& maps) {
    std::size_t count = 0;
    for (const auto& entry : maps)
      count += entry.key().isString() && entry.key().toStringRef().starts_with("features.");
    return count;
  }

  /// One that no part of the trunk has.
  std::string free_name(std::string name) const {
    while (named_children().contains(name)) name += "_";
    return name;
  }

  std::string last_matrix() const {
    std::string last;
    for (const auto& item : named_parameters())
      if (!is_head(item.key()) && item.value().dim() >= 2) last = item.key();
    if (last.empty())
      throw ktb::OptionError("file", file_ + " has no matrix where knowledge could enter");
    return last;
  }

  std::string input_, file_, takes_;
  torch::jit::Module script_;
};

}  // namespace

KTB_MODEL(TorchScript,
          "a trunk scripted in Python and saved by torch.jit.save; the head is made here",
          "Paszke et al., arXiv 1912.01703", "")
