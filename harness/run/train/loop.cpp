#include "run/train/loop.hpp"

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/stack.h>
#include <fmt/core.h>
#include <torch/cuda.h>
#include <torch/utils.h>

#include <cmath>

#include "core/base/clock.hpp"
#include "core/score/metrics.hpp"
#include "core/suite/schedule.hpp"

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

 private:
  void add(const std::string& name, const Tensor& value) {
    auto& sum = sums_[name];
    sum = sum.defined() ? sum + value : value;
  }
  std::map<std::string, Tensor> sums_;
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
      : session_(session), plan_(plan), hooks_(hooks), step_(session) {}

  LoopResult run() {
    survey(session_, step_);
    if (session_.optimisers.empty()) {  // a hub as it is, a soup of weights: only to be judged
      end_of_epoch(0, /*last=*/true);
      return std::move(result_);
    }
    session_.train(true);
    double started = core::seconds_now();
    for (std::int64_t at = 0; at < plan_.steps; ++at) {
      if (hooks_.stop && hooks_.stop->load()) throw Interrupted("stopped on request");
      one_step(at);
      const bool last = at + 1 == plan_.steps;
      if (!last && (at + 1) % plan_.per_epoch != 0) continue;
      synchronise(session_.device);
      const double trained = core::seconds_now();
      result_.train_seconds += trained - started;
      end_of_epoch(at + 1, last);
      started = core::seconds_now();
      result_.eval_seconds += started - trained;
    }
    if (!best_.empty()) restore();
    return std::move(result_);
  }

 private:
  void one_step(std::int64_t at) {
    set_rates(at);
    step_.begin(at);
    result_.examples += step_.lane().batch.size();
    auto losses = train_step(session_, step_);
    meter_.add(losses);
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
    const torch::NoGradGuard no_grad;
    best_score_ = score;
    result_.selected_step = done;
    if (plan_.select == Selection::kBestValidation) result_.validation = scores;
    best_.clear();
    for (const auto& [name, tensor] : session_.weights()) best_.push_back(tensor.detach().clone());
  }

  void restore() {
    const torch::NoGradGuard no_grad;
    auto live = session_.weights();
    for (std::size_t i = 0; i < live.size(); ++i) live[i].second.copy_(best_[i]);
  }

  static constexpr std::int64_t kLookEvery = 20;

  Session& session_;
  const LoopPlan& plan_;
  const LoopHooks& hooks_;
  LiveStep step_;
  TermMeter meter_;
  LoopResult result_;
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
