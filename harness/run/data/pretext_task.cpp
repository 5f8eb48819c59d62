#include "run/data/pretext_task.hpp"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/rot90.h>
#include <ATen/ops/where.h>

#include <algorithm>

#include "core/base/suggest.hpp"
#include "ktb/error.hpp"

namespace ktb::run {
namespace {

/// [c, h, w] of the pictures, all fixed.
const InputSpec& picture_of(const TaskSpec& task, const std::string& word) {
  for (const auto& input : task.inputs)
    if (input.name == "image" && input.shape.size() == 3 && task.train_size > 0 &&
        *std::min_element(input.shape.begin(), input.shape.end()) > 0)
      return input;
  throw Error("task `" + word + "` is made of pictures of one size, and " + task.name +
              " has none; choose another data set for the source");
}

/// The data set's pictures and sizes without its targets.
TaskSpec bare(const TaskSpec& task, const InputSpec& picture) {
  TaskSpec made;
  made.name = task.name;
  made.inputs = {picture};
  made.train_size = task.train_size;
  made.test_size = task.test_size;
  return made;
}

void forget_targets(Split& split) {
  const auto picture = split.x.at("image");
  const auto rows = split.rows.find("image");
  Split bare;
  if (rows != split.rows.end()) bare.rows["image"] = rows->second;
  bare.x["image"] = picture;
  split = std::move(bare);
}

class Rotation final : public PretextTask {
 public:
  TaskSpec spec(const TaskSpec& of) const override {
    const auto& picture = picture_of(of, "rotation");
    if (picture.shape[1] != picture.shape[2])
      throw Error("task `rotation` turns square pictures, and those of " + of.name + " are " +
                  std::to_string(picture.shape[1]) + " by " + std::to_string(picture.shape[2]));
    auto made = bare(of, picture);
    made.kind = "classification";
    made.labels = "rotation";
    made.categorical = true;
    made.classes = {"0", "90", "180", "270"};
    made.outputs = kTurns;
    made.train_size *= kTurns;
    made.test_size *= kTurns;
    return made;
  }

  void remake(Split& split) const override {
    forget_targets(split);
    auto& rows = split.rows["image"];
    const auto& picture = split.x.at("image");
    if (!rows.defined()) rows = at::arange(picture.size(0), picture.options().dtype(at::kLong));
    split.y["label"] = at::arange(kTurns, rows.options()).repeat({rows.size(0)});
    rows = rows.repeat_interleave(kTurns);
  }

  void finish(Batch& batch) const override {
    auto& x = batch.x.at("image");
    const auto upright = x, label = batch.y.at("label").view({-1, 1, 1, 1});
    // All four ways of all: which of them turn how far a GPU's host would have to wait to know.
    for (std::int64_t turns = 1; turns < kTurns; ++turns)
      x = at::where(label.eq(turns), at::rot90(upright, turns, {2, 3}), x);
  }

 private:
  static constexpr std::int64_t kTurns = 4;
};

class Autoencode final : public PretextTask {
 public:
  TaskSpec spec(const TaskSpec& of) const override {
    const auto& picture = picture_of(of, "autoencode");
    auto made = bare(of, picture);
    made.kind = "reconstruction";
    made.outputs = picture.shape[0] * side(picture.shape[1]) * side(picture.shape[2]);
    made.labels = "pixels of " + of.name;
    return made;
  }
  void remake(Split& split) const override { forget_targets(split); }
  void finish(Batch& batch) const override {
    const auto& x = batch.x.at("image");
    batch.y["pixels"] = at::adaptive_avg_pool2d(x, {side(x.size(2)), side(x.size(3))}).flatten(1);
  }

 private:
  static std::int64_t side(std::int64_t extent) { return std::min<std::int64_t>(extent, 16); }
};

class Contrastive final : public PretextTask {
 public:
  TaskSpec spec(const TaskSpec& of) const override {
    auto made = bare(of, picture_of(of, "contrastive"));
    made.kind = "contrastive";
    made.outputs = kWidth;
    made.labels = "views of " + of.name;
    return made;
  }
  void remake(Split& split) const override { forget_targets(split); }
  void finish(Batch& batch) const override {
    const auto& x = batch.x.at("image");
    const auto pictures = at::arange(x.size(0) / kViews, x.options().dtype(at::kLong));
    batch.y["picture"] = pictures.repeat({kViews});
  }
  std::int64_t views() const override { return kViews; }

 private:
  static constexpr std::int64_t kWidth = 64, kViews = 2;
};

}  // namespace

std::unique_ptr<PretextTask> make_pretext_task(const std::string& word) {
  if (word.empty()) return nullptr;
  if (word == "rotation") return std::make_unique<Rotation>();
  if (word == "autoencode") return std::make_unique<Autoencode>();
  if (word == "contrastive") return std::make_unique<Contrastive>();
  throw Error("there is no task `" + word + "`" +
              core::did_you_mean(word, {"rotation", "autoencode", "contrastive"}) +
              "; known: rotation, autoencode, contrastive");
}

TaskSpec pretext_spec(const std::string& word, const TaskSpec& of) {
  const auto made = make_pretext_task(word);
  return made ? made->spec(of) : of;
}

}  // namespace ktb::run
