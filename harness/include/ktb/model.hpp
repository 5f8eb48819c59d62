#pragma once
#include <torch/nn/module.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ktb/task.hpp"

namespace ktb {

/// What a model returns for one batch; fp32, whatever precision it computes in.
struct Output {
  Tensor pred;                   ///< first axis: examples; the rest is the task kind's matter
  std::vector<Tensor> features;  ///< shallow to deep, as the next layer sees them; 0 is the stem
  /// The same maps before their activation, for the methods that want them; an undefined entry, or
  /// none at all: no difference.
  std::vector<Tensor> preacts;
  Tensor pooled;  ///< [B, d] in front of the head
  /// Where features are tokens [B, n, d] of texts: which of them count, [B, n] bool; the others are
  /// padding. Undefined: all.
  Tensor mask;

  /// Feature map k before its activation, or after it where there is no difference.
  const Tensor& before_activation(std::size_t k) const {
    return k < preacts.size() && preacts[k].defined() ? preacts[k] : features.at(k);
  }
};

/// A network. Parameter names follow the ecosystem's (torchvision, timm, Hugging Face), so that
/// safetensors weights load by name. Constructed as `T(const TaskSpec&, Options&)`.
class KTB_API Model : public torch::nn::Module {
 public:
  explicit Model(const TaskSpec& task);
  ~Model() override;

  /// Everything but `pred`. Inputs are normalised and computed in the harness's precision here.
  Output trunk(const Batch& batch);
  /// [B, outputs] from what the trunk left.
  Tensor head(const Output& output);
  Output operator()(const Batch& batch);

  /// The submodule whose parameters are the head: `fc`.
  virtual std::string head_name() const = 0;
  /// Default sites: names of the weights where knowledge leaves and enters.
  virtual std::string gives() const;  ///< the head's weight
  virtual std::string takes() const = 0;
  /// Whether a normalisation follows the weight directly and so removes its scale.
  virtual bool normalised_after(const std::string& parameter) const;

  bool is_head(const std::string& parameter) const;
  /// A parameter by name; throws Error with the nearest known name.
  Tensor site(const std::string& parameter) const;
  const TaskSpec& task() const { return task_; }
  /// Of each entry of Output::preacts the normalisation in front of the activation (`bn1`): its
  /// weight and bias tell how the map is distributed. "" or no entry: there is none.
  virtual std::vector<std::string> preact_norms() const { return {}; }
  /// What it reads: its task's inputs, free in the extents that it can do without.
  virtual std::vector<InputSpec> reads() const;

 protected:
  /// `x` holds normalised inputs.
  virtual Output forward_trunk(const Batch& batch) = 0;
  virtual Tensor forward_head(const Output& output) = 0;

 private:
  Batch normalised(const Batch& batch);

  TaskSpec task_;
  std::map<std::string, std::pair<Tensor, Tensor>> statistics_;  ///< of each input, on its device
};

/// Mixed precision of all models of the process: bf16 autocast inside trunk and head, or fp32.
/// The harness's to set; methods never touch it.
KTB_API void set_precision(const std::string& name);

/// Copies every parameter and buffer but the head's, by name and shape; returns how many fitted.
KTB_API int copy_trunk(const Model& from, Model& to);

}  // namespace ktb
