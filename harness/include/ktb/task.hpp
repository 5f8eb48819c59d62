#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ktb/export.hpp"

namespace ktb {

using at::Tensor;
using Tensors = std::map<std::string, Tensor>;

/// What a data set offers or a model reads.
struct KTB_API InputSpec {
  std::string name;                 ///< image, tokens, segments, audio, state
  std::vector<std::int64_t> shape;  ///< one example, without the batch; -1 for a free extent
  std::string space;                ///< what the values mean: grey, rgb, wordpiece:bert, cartpole
  /// Statistics per channel of an input in [0, 1]; a model normalises with those of its own task,
  /// so that a source sees the statistics it was trained with. Empty: not normalised.
  std::vector<double> mean, deviation;
  /// Of token ids [L] int64: all lie below it, and 0 is padding. 0: the input holds no ids.
  std::int64_t vocabulary = 0;

  /// Whether a model that reads this can read `offered`: name, space and every fixed extent agree.
  bool accepts(const InputSpec& offered) const;
};

/// What is to be predicted, as plain data known at plan time. What a kind of task expects:
///
/// | kind           | outputs          | prediction | targets y                                  |
/// |----------------|------------------|------------|--------------------------------------------|
/// | classification | classes C        | [B, C]     | label [B], or soft_label [B, C]            |
/// | multi_label    | labels C         | [B, C]     | labels [B, C] float, 0 or 1                |
/// | regression     | 1                | [B, 1]     | value [B] float                            |
/// | span           | 2: start and end | [B, 2, L]  | start, end [B]: tokens, both 0: none here; |
/// |                |                  |            | offsets [B, L, 2] int64: code points of    |
/// |                |                  |            | the passage, -1: not of it; entry [B]      |
/// | vqa            | answers C        | [B, C]     | label [B], or scores [B, C] float; entry   |
/// | retrieval      | width d          | [B, 2, d]: picture and text | entry [B]: the picture    |
/// | control        | actions A        | [B, A]     | action [B], td_target [B] float            |
/// | actor_critic   | A + 1            | [B, A + 1]: logits, value | action, log_prob, advantage, |
/// |                |                  |            | value_target [B], weights [B, 3] float     |
struct KTB_API TaskSpec {
  std::string name;  ///< the data set's name in the suite
  std::string kind;  ///< of the table above: the file of harness/tasks that judges it
  std::vector<InputSpec> inputs;
  std::int64_t outputs = 0;     ///< width of the model's head
  std::string labels;           ///< id of the label space: equal ids, equal meaning of each output
  bool categorical = false;     ///< logits and labels exist
  std::int64_t train_size = 0;  ///< 0: endless (environments)
  std::int64_t test_size = 0;
  std::vector<std::string> classes;  ///< names, where the data set knows them

  const InputSpec& input(const std::string& name) const;  ///< throws Error
};

struct KTB_API Batch {
  Tensors x, y;  ///< named inputs and targets, first axis: examples
  /// [B] int64, position in the training split, the same in all epochs; undefined elsewhere.
  Tensor index;

  std::int64_t size() const;
  Batch rows(const Tensor& which) const;  ///< `which` [R] int64
};

/// One kind of task: how a prediction is judged. Lives in harness/tasks;
/// methods see it through Lane.
class KTB_API Task {
 public:
  virtual ~Task();
  virtual const TaskSpec& spec() const = 0;
  /// [B] fp32: the loss of each example.
  virtual Tensor loss(const Tensor& prediction, const Batch& batch) const = 0;
  /// [N, C]: rows that a softmax fits; undefined where the kind has none.
  virtual Tensor logits(const Tensor& prediction) const;
  /// [N] int64: the true class of each row of logits(); undefined where there is none.
  virtual Tensor labels(const Batch& batch) const;
};

}  // namespace ktb
