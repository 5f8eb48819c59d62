#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "ktb/dataset.hpp"

namespace ktb::run {

/// A task that pictures set by themselves, without the labels of their data set: what a source of
/// another learning paradigm was trained for.
class PretextTask {
 public:
  virtual ~PretextTask() = default;
  /// What becomes of the data set's task. Throws Error where its pictures do not serve.
  virtual TaskSpec spec(const TaskSpec& of) const = 0;
  /// What becomes of a split, whose pictures are a table [N, h, w, c] afterwards.
  virtual void remake(Split& split) const = 0;
  /// What becomes of a batch whose pictures [B, c, h, w] are augmented and in [0, 1].
  virtual void finish(Batch& batch) const = 0;
  /// How often a batch holds each picture, augmented each time, one view of all behind the other.
  virtual std::int64_t views() const { return 1; }
};

/// `rotation`: by how many quarters a picture was turned (Gidaris et al., arXiv 1803.07728); every
/// picture comes in all four. `autoencode`: the picture itself, at most 16 pixels high and wide, by
/// the model's linear head. `contrastive`: which two of a batch are views of one picture (Chen et
/// al., arXiv 2002.05709). "": none. Throws Error for another word.
std::unique_ptr<PretextTask> make_pretext_task(const std::string& word);

/// The task that a model of this data set learns.
TaskSpec pretext_spec(const std::string& word, const TaskSpec& of);

}  // namespace ktb::run
