#include "core/suite/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// From `start` to `end` along half a cosine; beyond `extent` it swings back.
double swing(double start, double end, double position, double extent) {
  if (extent <= 0) return start;
  return end + (start - end) * (1 + std::cos(kPi * position / extent)) / 2;
}

/// One cycle as PyTorch has it: 30 % up, 70 % down, counted in steps.
double cycle(double start, double peak, double end, double position, double extent) {
  const double top = 0.3 * extent - 1;
  const double last = extent - 1;
  if (position <= top) return swing(start, peak, position, top);
  return swing(peak, end, position - top, last - top);
}

double after_warmup(const Schedule& s, double lr, double position, double extent) {
  const double since = position - s.warmup;
  const double left = extent - s.warmup;
  if (s.name == "step")
    return s.every > 0 ? lr * std::pow(s.gamma, std::floor(position / s.every)) : lr;
  if (s.name == "multistep") {
    const auto passed =
        std::count_if(s.at.begin(), s.at.end(), [&](double at) { return at <= position; });
    return lr * std::pow(s.gamma, static_cast<double>(passed));
  }
  if (s.name == "exponential") return lr * std::pow(s.gamma, since);
  if (s.name == "linear") return left > 0 ? lr + (s.min - lr) * std::min(1.0, since / left) : lr;
  if (s.name == "cosine") return swing(lr, s.min, since, left);
  if (s.name == "one_cycle") return cycle(lr / 25, lr, lr / 25e4, since, left);
  return lr;
}

struct Run {
  Schedule schedule;
  double lr = 0;
  double extent = 0;
  int steps = 0;
};

/// A scheduler in PyTorch's words; each has only some of them.
struct TorchScheduler {
  std::string name;
  double base_lr = 0, max_lr = 0;
  int steps = 0;
  double step_size = 0, gamma = 0, eta_min = 0, t_max = 0;
  double start_factor = 1, end_factor = 1, total_iters = 0, warmup_steps = 0, total_steps = 0;
  std::vector<double> milestones;
};

template <Of<TorchScheduler> Self, class Ar>
void fields(Self& torch, Ar& ar) {
  ar("scheduler", torch.name);
  ar("base_lr", torch.base_lr);
  ar("steps", torch.steps);
  ar.optional("max_lr", torch.max_lr);
  ar.optional("step_size", torch.step_size);
  ar.optional("gamma", torch.gamma);
  ar.optional("eta_min", torch.eta_min);
  ar.optional("T_max", torch.t_max);
  ar.optional("start_factor", torch.start_factor);
  ar.optional("end_factor", torch.end_factor);
  ar.optional("total_iters", torch.total_iters);
  ar.optional("warmup_steps", torch.warmup_steps);
  ar.optional("total_steps", torch.total_steps);
  ar.optional("milestones", torch.milestones);
}

/// PyTorch's words to ours.
Run from_torch(const Json& options) {
  const auto torch = read_json<TorchScheduler>({options, "case", "options"});
  Run run;
  run.lr = torch.base_lr;
  run.steps = torch.steps;
  run.extent = run.steps;
  Schedule& s = run.schedule;
  if (torch.name == "StepLR") {
    s.name = "step";
    s.every = torch.step_size;
    s.gamma = torch.gamma;
  } else if (torch.name == "MultiStepLR") {
    s.name = "multistep";
    s.at = torch.milestones;
    s.gamma = torch.gamma;
  } else if (torch.name == "ExponentialLR") {
    s.name = "exponential";
    s.gamma = torch.gamma;
  } else if (torch.name == "CosineAnnealingLR") {
    s.name = "cosine";
    s.min = torch.eta_min;
    run.extent = torch.t_max;
  } else if (torch.name == "LinearLR") {
    run.lr *= torch.end_factor;
    s.warmup = torch.total_iters;
    s.warmup_from = torch.start_factor / torch.end_factor;
  } else if (torch.name == "SequentialLR(LinearLR, CosineAnnealingLR)") {
    s.name = "cosine";
    s.min = torch.eta_min;
    s.warmup = torch.warmup_steps;
    s.warmup_from = torch.start_factor;
    run.extent = s.warmup + torch.t_max;
  } else if (torch.name == "OneCycleLR") {
    s.name = "one_cycle";
    run.lr = torch.max_lr;
    run.extent = torch.total_steps;
  } else if (torch.name != "ConstantLR") {
    throw Error(fmt::format("no schedule answers to `{}`", torch.name));
  }
  return run;
}

}  // namespace

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> kNames = {"constant", "step",   "multistep", "exponential",
                                                  "linear",   "cosine", "one_cycle"};
  return kNames;
}

double lr_at(const Schedule& schedule, double lr, double position, double extent) {
  if (position < schedule.warmup) {
    const double from = schedule.warmup_from;
    return lr * (from + (1 - from) * position / schedule.warmup);
  }
  return after_warmup(schedule, lr, position, extent);
}

std::optional<double> momentum_at(const Schedule& schedule, double position, double extent) {
  if (schedule.name != "one_cycle" || position < schedule.warmup) return std::nullopt;
  return cycle(0.95, 0.85, 0.95, position - schedule.warmup, extent - schedule.warmup);
}

std::vector<double> schedule_trace(const Json& options) {
  const Run run = from_torch(options);
  std::vector<double> trace;
  for (int i = 0; i <= run.steps; ++i) trace.push_back(lr_at(run.schedule, run.lr, i, run.extent));
  return trace;
}

std::vector<double> schedule_momentum_trace(const Json& options) {
  const Run run = from_torch(options);
  std::vector<double> trace;
  for (int i = 0; i <= run.steps; ++i) {
    if (const auto value = momentum_at(run.schedule, i, run.extent)) trace.push_back(*value);
  }
  return trace;
}

}  // namespace ktb::core
