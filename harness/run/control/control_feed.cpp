#include "run/control/control_feed.hpp"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/seed.hpp"
#include "ktb/error.hpp"
#include "run/control/episode_runner.hpp"
#include "run/data/examiner.hpp"

namespace ktb::run {
namespace {

void refuse_examples(const DataRequest& request) {
  const auto refuse = [&](bool asked, const std::string& what) {
    if (asked)
      throw Error(what + " has no meaning for " + request.name +
                  ", which is an environment and has no stored examples: leave it out");
  };
  refuse(request.train != 0, "train");
  refuse(request.labels != 1, "labels");
  refuse(!request.augment.empty(), "augment");
}

}  // namespace

ControlFeed::ControlFeed(std::shared_ptr<const Dataset> dataset, const DataFolder& folder,
                         DataRequest request, at::Device device)
    : dataset_(std::move(dataset)), request_(std::move(request)), device_(device) {
  refuse_examples(request_);
  auto spec = dataset_->task(folder);
  if (!request_.name.empty()) spec.name = request_.name;
  if (request_.test > 0) spec.test_size = request_.test;
  kind_ = tasks::make_task_kind(spec);
  // A share is of the test's episodes, for want of a training split.
  const double held = request_.validation < 1
                          ? request_.validation * static_cast<double>(spec.test_size)
                          : request_.validation;
  validation_ = play_randomly(Part::kValidation, std::llround(held));
  test_ = play_randomly(Part::kTest, spec.test_size);
}

void ControlFeed::follow(Actor actor) {
  const auto axis = request_.axis + "/" + std::to_string(request_.seed);
  learner_ = make_learner({set(), *kind_, axis, request_.batch, device_}, std::move(actor));
}

Batch ControlFeed::train_batch(std::int64_t) {
  if (!learner_) throw Error("an environment has no batches before somebody acts in it");
  return learner_->next();
}

std::uint64_t ControlFeed::episode_seed(Part part, std::int64_t number) const {
  const char* name = part == Part::kTest ? "test" : "validation";
  return core::axis_seed({"episode", request_.axis, name}, number);
}

/// All episodes side by side, each with the best action; those that are over step aside.
Tensor ControlFeed::play(Part part, std::int64_t episodes, const Predict& predict) const {
  std::vector<EpisodeRunner> runners;
  for (std::int64_t i = 0; i < episodes; ++i) runners.emplace_back(set(), episode_seed(part, i));
  Examiner examiner(*kind_, predict);
  std::vector<EpisodeRunner*> going;
  for (auto& runner : runners) going.push_back(&runner);
  while (!going.empty()) {
    std::vector<const Observation*> observations;
    for (const auto* runner : going) observations.push_back(&runner->observation());
    const auto best = kind_->logits(examiner.ask(batch_of(observations, set().world(), device_)))
                          .argmax(1)
                          .cpu()
                          .contiguous();
    const auto* action = best.const_data_ptr<std::int64_t>();
    std::erase_if(going, [&](EpisodeRunner* runner) { return runner->step(*action++).over(); });
  }
  examiner.close();
  std::vector<double> totals;
  for (const auto& runner : runners) totals.push_back(runner.total());
  return at::tensor(totals, at::kDouble);
}

Tensor ControlFeed::play_randomly(Part part, std::int64_t episodes) const {
  const auto most = static_cast<std::int64_t>(set().world().actions.size()) - 1;
  std::vector<double> totals;
  for (std::int64_t i = 0; i < episodes; ++i) {
    EpisodeRunner runner(set(), episode_seed(part, i));
    SeededDraws dice(core::axis_seed({"random", request_.axis}, i));
    while (!runner.step(dice.whole(0, most)).over()) {
    }
    totals.push_back(runner.total());
  }
  return at::tensor(totals, at::kDouble);
}

std::unique_ptr<tasks::Meter> ControlFeed::judge(Part part, const Predict& predict) const {
  auto meter = kind_->meter({});
  Batch episodes;
  episodes.y["random"] = part == Part::kTest ? test_ : validation_;
  meter->add(play(part, episodes.y["random"].numel(), predict), episodes);
  return meter;
}

tasks::Metrics ControlFeed::floor() const { return kind_->floor({{"random", test_}}, {}); }

void ControlFeed::snapshot(Snapshot snapshot) {
  if (learner_) learner_->snapshot(std::move(snapshot));
}

std::int64_t ControlFeed::transitions() const { return learner_ ? learner_->transitions() : 0; }

}  // namespace ktb::run
