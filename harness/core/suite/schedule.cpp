#include "core/suite/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// From `start` to `end` along half a cosine; beyond `extent` it swings back.
double swing(double start, double end, double position, double extent) {
  if (extent <= 0) return start;
  return end + (start - end) * (1 + std::cos(kPi * position / extent)) / 2;
}

/// PyTorch counts from 0, so a phase of n steps ends at n - 1.
std::vector<double> phase_ends(const Schedule& s, double extent) {
  const double top = s.rise * extent - 1, last = extent - 1;
  return s.three_phase ? std::vector{top, 2 * top, last} : std::vector{top, last};
}

/// Through `values`, one phase after the other; the last goes on beyond its end.
double cycle(const Schedule& s, const std::vector<double>& values, double position, double extent) {
  const auto ends = phase_ends(s, extent);
  std::size_t phase = 0;
  while (phase + 1 < ends.size() && position > ends[phase]) ++phase;
  const double start = phase == 0 ? 0 : ends[phase - 1];
  const double from = values[phase], to = values[phase + 1], length = ends[phase] - start;
  if (s.anneal != "linear") return swing(from, to, position - start, length);
  return length > 0 ? from + (to - from) * (position - start) / length : from;
}

std::vector<double> cycle_rates(const Schedule& s, double highest) {
  const double first = highest / s.start_div, last = first / s.end_div;
  return s.three_phase ? std::vector{first, highest, first, last}
                       : std::vector{first, highest, last};
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
  if (s.name == "one_cycle") return cycle(s, cycle_rates(s, lr), since, left);
  return lr;
}

struct Run {
  Schedule schedule;
  double lr = 0;
  double extent = 0;
  int steps = 0;
};

/// A scheduler in PyTorch's words, with PyTorch's defaults; each has only some of them.
struct TorchScheduler {
  std::string name;
  double base_lr = 0, max_lr = 0;
  int steps = 0;
  double step_size = 0, gamma = 0.1, eta_min = 0, t_max = 0;
  double start_factor = 1.0 / 3, end_factor = 1, factor = 1.0 / 3, total_iters = 5;
  double warmup_steps = 0, total_steps = 0;
  double pct_start = 0.3, div_factor = 25, final_div_factor = 1e4;
  double base_momentum = 0.85, max_momentum = 0.95;
  std::string anneal_strategy = "cos";
  bool three_phase = false, cycle_momentum = true;
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
  ar.optional("factor", torch.factor);
  ar.optional("total_iters", torch.total_iters);
  ar.optional("warmup_steps", torch.warmup_steps);
  ar.optional("total_steps", torch.total_steps);
  ar.optional("pct_start", torch.pct_start);
  ar.optional("div_factor", torch.div_factor);
  ar.optional("final_div_factor", torch.final_div_factor);
  ar.optional("base_momentum", torch.base_momentum);
  ar.optional("max_momentum", torch.max_momentum);
  ar.optional("anneal_strategy", torch.anneal_strategy);
  ar.optional("three_phase", torch.three_phase);
  ar.optional("cycle_momentum", torch.cycle_momentum);
  ar.optional("milestones", torch.milestones);
}

using Translate = void (*)(const TorchScheduler&, Run&);

void translate_constant(const TorchScheduler& torch, Run& run) {
  if (torch.factor <= 0) throw Error("no schedule answers to `ConstantLR` with a factor of 0");
  run.lr *= torch.factor;
  run.schedule.name = "multistep";
  run.schedule.at = {torch.total_iters};
  run.schedule.gamma = 1 / torch.factor;
}

void translate_linear(const TorchScheduler& torch, Run& run) {
  run.schedule.name = "linear";
  run.schedule.min = run.lr * torch.end_factor;
  run.lr *= torch.start_factor;
  run.extent = torch.total_iters;
}

void translate_one_cycle(const TorchScheduler& torch, Run& run) {
  Schedule& s = run.schedule;
  s.name = "one_cycle";
  s.rise = torch.pct_start;
  s.anneal = torch.anneal_strategy == "linear" ? "linear" : "cosine";
  s.start_div = torch.div_factor;
  s.end_div = torch.final_div_factor;
  s.three_phase = torch.three_phase;
  s.momentum = {torch.base_momentum, torch.max_momentum};
  if (!torch.cycle_momentum) s.momentum.clear();
  run.lr = torch.max_lr;
  run.extent = torch.total_steps;
}

const std::map<std::string, Translate>& translations() {
  static const std::map<std::string, Translate> all = {
      {"ConstantLR", translate_constant},
      {"LinearLR", translate_linear},
      {"OneCycleLR", translate_one_cycle},
      {"StepLR",
       [](const TorchScheduler& torch, Run& run) {
         run.schedule.name = "step";
         run.schedule.every = torch.step_size;
         run.schedule.gamma = torch.gamma;
       }},
      {"MultiStepLR",
       [](const TorchScheduler& torch, Run& run) {
         run.schedule.name = "multistep";
         run.schedule.at = torch.milestones;
         run.schedule.gamma = torch.gamma;
       }},
      {"ExponentialLR",
       [](const TorchScheduler& torch, Run& run) {
         run.schedule.name = "exponential";
         run.schedule.gamma = torch.gamma;
       }},
      {"CosineAnnealingLR",
       [](const TorchScheduler& torch, Run& run) {
         run.schedule.name = "cosine";
         run.schedule.min = torch.eta_min;
         run.extent = torch.t_max;
       }},
      {"SequentialLR(LinearLR, CosineAnnealingLR)",
       [](const TorchScheduler& torch, Run& run) {
         run.schedule.name = "cosine";
         run.schedule.min = torch.eta_min;
         run.schedule.warmup = torch.warmup_steps;
         run.schedule.warmup_from = torch.start_factor;
         run.extent = torch.warmup_steps + torch.t_max;
       }},
  };
  return all;
}

/// PyTorch's words to ours.
Run from_torch(const Json& options) {
  const auto torch = read_json<TorchScheduler>({options, "case", "options"});
  const auto translate = translations().find(torch.name);
  if (translate == translations().end())
    throw Error(fmt::format("no schedule answers to `{}`", torch.name));
  Run run;
  run.lr = torch.base_lr;
  run.steps = torch.steps;
  run.extent = run.steps;
  translate->second(torch, run);
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
  if (schedule.name != "one_cycle" || position < schedule.warmup || schedule.momentum.empty())
    return std::nullopt;
  const double low = schedule.momentum.at(0), high = schedule.momentum.at(1);
  // The third phase, where there is one, stays.
  return cycle(schedule, {high, low, high, high}, position - schedule.warmup,
               extent - schedule.warmup);
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
