#include "run/train/loop.hpp"

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/stack.h>
#include <fmt/core.h>
#include <torch/cuda.h>
#include <torch/utils.h>

#include <cmath>
#include <utility>

#include "core/base/clock.hpp"
#include "core/score/metrics.hpp"
#include "core/suite/schedule.hpp"
#include "run/train/host.hpp"
#include "run/train/record/recorded_steps.hpp"

namespace ktb::run {
namespace {

using core::Json, core::Selection;

/// Means of the loss terms since the last reading, kept on the device.
class TermMeter {
 public:
  void add(const Losses& losses) {
    for (const auto& [name, value] : losses.terms) add(name, value);
    add("loss", losses.total);
    ++steps_;
  }
  /// Reads and forgets.
  std::map<std::string, double> take() {
    std::map<std::string, double> out;
    for (const auto& [name, sum] : sums_)
      out[name] = sum.item<double>() / static_cast<double>(std::max<std::int64_t>(steps_, 1));
    sums_.clear();
    steps_ = 0;
    return out;
  }
  void snapshot(Snapshot all, at::Device device) {
    all("steps", steps_);
    all("sums", sums_);
    for (auto& [name, sum] : sums_) sum = sum.to(device);
  }

 private:
  void add(const std::string& name, const Tensor& value) {
    auto& sum = sums_[name];
    sum = sum.defined() ? sum + value : value.clone();  // a recorded step writes there again
  }
  Tensors sums_;
  std::int64_t steps_ = 0;
};

std::string unfinite_terms(const Losses& losses) {
  std::string out;
  for (const auto& [name, value] : losses.terms)
    if (!std::isfinite(value.item<double>()))
      out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", name, value.item<double>());
  return out;
}

class Loop {
 public:
  Loop(Session& session, const LoopPlan& plan, const LoopHooks& hooks)
      : session_(session), plan_(plan), hooks_(hooks), step_(session), steps_(session, step_) {}

  LoopResult run() {
    if (session_.optimisers.empty()) {  // a hub as it is, a soup of weights: only to be judged
      survey(session_, step_);
      end_of_epoch(0, /*last=*/true);
      return std::move(result_);
    }
    start();
    while (done_ < plan_.steps) {
      if (hooks_.stop && hooks_.stop->load()) stop();
      one_step(done_++);
      const bool last = done_ == plan_.steps;
      if (last || done_ % plan_.per_epoch == 0) close_epoch(last);
      if (!last && hooks_.due && hooks_.due(done_, plan_.steps)) keep();
    }
    if (!best_.empty()) restore(session_.weights(), best_);
    result_.recorded = steps_.told();
    return std::move(result_);
  }

 private:
  void start() {
    if (!hooks_.from) survey(session_, step_);
    session_.train(true);
    if (hooks_.from) go_on(*hooks_.from);
    clock_ = core::seconds_now();
  }

  void go_on(const Snapshot& from) {
    try {
      snapshot(from);
    } catch (const std::exception& problem) {
      throw Misfit(fmt::format("the checkpoint is not of this trial: {}", problem.what()));
    }
  }

  /// Seconds since the last reading.
  double lap() {
    synchronise(session_.device);
    const double now = core::seconds_now();
    return now - std::exchange(clock_, now);
  }

  void close_epoch(bool last) {
    result_.train_seconds += lap();
    end_of_epoch(done_, last);
    result_.eval_seconds += lap();
  }

  void keep() {
    result_.train_seconds += lap();
    Snapshot kept;
    snapshot(kept);
    hooks_.keep(kept, done_);
    lap();
  }

  [[noreturn]] void stop() {
    if (hooks_.keep && done_ > 0) keep();
    throw Interrupted("stopped on request");
  }

  /// Everything that is not a pure function of step and seed.
  void snapshot(Snapshot all) {
    session_.snapshot(all.in("session"));
    step_.snapshot(all.in("step"));
    meter_.snapshot(all.in("terms"), session_.device);
    all("done", done_);
    all("selected_step", result_.selected_step);
    all("validation", result_.validation);
    all("train_seconds", result_.train_seconds);
    all("eval_seconds", result_.eval_seconds);
    all("examples", result_.examples);
    all("best_score", best_score_);
    auto bests = static_cast<std::int64_t>(best_.size());
    all("bests", bests);
    best_.resize(static_cast<std::size_t>(bests));
    for (std::size_t i = 0; i < best_.size(); ++i) all(fmt::format("best.{}", i), best_[i]);
  }

  void one_step(std::int64_t at) {
    const auto waited = waits(session_.device);
    set_rates(at);
    step_.begin(at);
    result_.examples += step_.lane().batch.size();
    auto losses = steps_.take(at);
    meter_.add(losses);
    if (!first_ && !steps_.compared())
      ++result_.steps, result_.waits += waits(session_.device) - waited;
    first_ = false;
    // Reading a loss is free on a CPU; on a GPU it would hold up the queue at every step.
    const bool look = session_.device.is_cpu() || at % kLookEvery == 0 || at + 1 == plan_.steps;
    if (!look) return;
    const double loss = losses.total.item<double>();
    if (!std::isfinite(loss))
      throw Diverged(
          fmt::format("the loss is no longer finite at step {}: {}", at, unfinite_terms(losses)));
    if (at % kLookEvery == 0 || at + 1 == plan_.steps) require_finite_weights(at);
    if (hooks_.progress) hooks_.progress(at + 1, plan_.steps, loss);
  }

  /// A loss may stay finite where weights are not, and a method may drop the terms that are not.
  void require_finite_weights(std::int64_t at) {
    const torch::NoGradGuard no_grad;
    std::vector<Tensor> all;
    for (const auto& [name, tensor] : session_.weights())
      if (tensor.is_floating_point() && tensor.numel() > 0) all.push_back(tensor.detach());
    if (all.empty() || at::stack(at::_foreach_norm(all)).isfinite().all().item<bool>()) return;
    for (const auto& [name, tensor] : session_.weights())
      if (tensor.is_floating_point() && !tensor.isfinite().all().item<bool>())
        throw Diverged(fmt::format("{} is no longer finite after step {}", name, at));
  }

  void set_rates(std::int64_t at) {
    const core::Schedule& schedule = plan_.schedule;
    // one_cycle is defined by optimiser steps; everything else counts in the recipe's unit.
    const bool epochs = plan_.epochs && schedule.name != "one_cycle";
    const double unit = epochs ? static_cast<double>(plan_.per_epoch) : 1.0;
    const double extent = static_cast<double>(plan_.steps) / unit;
    const double factor =
        plan_.lr > 0
            ? core::lr_at(schedule, plan_.lr, static_cast<double>(at) / unit, extent) / plan_.lr
            : 1.0;
    const auto momentum = core::momentum_at(schedule, static_cast<double>(at) / unit, extent);
    const double progress = static_cast<double>(at) / static_cast<double>(plan_.steps);
    for (auto& optimiser : session_.optimisers) {
      const bool own = optimiser.group().recipe.has_value();
      const auto& pure = optimiser.recipe().schedule;
      optimiser.set_factor(!own ? factor : pure ? pure(progress) : 1.0);
      if (!own && momentum) optimiser.set_momentum(*momentum);
    }
  }

  void end_of_epoch(std::int64_t done, bool last) {
    result_.terms = meter_.take();
    Json line = {{"step", done},
                 {"epoch", static_cast<double>(done) / static_cast<double>(plan_.per_epoch)},
                 {"seconds", result_.train_seconds},
                 {"lr", session_.optimisers.empty() ? 0.0 : session_.optimisers.back().lr()},
                 {"loss", result_.terms["loss"]}};
    result_.terms.erase("loss");
    line["terms"] = result_.terms;
    const auto& data = *session_.data[0];
    tasks::Metrics scores;
    const bool on_test = plan_.select == Selection::kBestTest;
    if (on_test)
      scores = evaluate(session_, Feed::Part::kTest)->metrics();
    else if (data.validation_size() > 0)
      scores = evaluate(session_, Feed::Part::kValidation)->metrics();
    if (!scores.empty()) line[on_test ? "test" : "validation"] = scores;
    if (auto figures = session_.figures(); !figures.empty()) line["figures"] = std::move(figures);
    select(done, last, scores);
    if (hooks_.curve) hooks_.curve(line);
    if (!last) session_.train(true);
  }

  void select(std::int64_t done, bool last, const tasks::Metrics& scores) {
    if (plan_.select == Selection::kLast) {
      result_.selected_step = done;
      if (last) result_.validation = scores;
      return;
    }
    if (scores.empty())
      throw Error("selection `best-validation` needs a validation split: set recipe.validation");
    const auto metric = session_.data[0]->kind().primary();
    const double score = core::metric_info(metric).sign() * scores.at(metric);
    if (!best_.empty() && score <= best_score_) return;
    best_score_ = score;
    result_.selected_step = done;
    if (plan_.select == Selection::kBestValidation) result_.validation = scores;
    best_ = copy_of(session_.weights());
  }

  static constexpr std::int64_t kLookEvery = 20;

  Session& session_;
  const LoopPlan& plan_;
  const LoopHooks& hooks_;
  LiveStep step_;
  RecordedSteps steps_;
  TermMeter meter_;
  LoopResult result_;
  std::int64_t done_ = 0;  ///< steps
  bool first_ = true;      ///< no step was taken yet in this process
  double clock_ = 0;       ///< at the last reading
  double best_score_ = 0;
  std::vector<Tensor> best_;
};

}  // namespace

LoopPlan loop_plan(const core::Recipe& recipe, const Session& session) {
  LoopPlan plan;
  plan.per_epoch = session.data[0]->steps_per_epoch();
  plan.epochs = recipe.epochs > 0;
  plan.steps = plan.epochs ? recipe.epochs * plan.per_epoch : recipe.steps;
  plan.schedule = recipe.schedule;
  plan.lr = recipe.optimizer.lr;
  plan.select = recipe.select;
  return plan;
}

LoopResult run_loop(Session& session, const LoopPlan& plan, const LoopHooks& hooks) {
  return Loop(session, plan, hooks).run();
}

std::unique_ptr<tasks::Meter> evaluate(Session& session, Feed::Part part) {
  return session.data[0]->judge(part, [&](const Batch& batch) { return session.predict(batch); });
}

void synchronise(at::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

}  // namespace ktb::run
