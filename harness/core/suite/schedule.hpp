#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/fields.hpp"
#include "core/base/json.hpp"

namespace ktb::core {

/// A learning-rate schedule: a pure function of the position, so nothing of it is checkpointed.
/// Extents (`at`, `every`, `warmup`) count in the unit of `position`: epochs or steps.
struct Schedule {
  std::string name = "constant";  ///< one of schedule_names()
  std::vector<double> at;         ///< multistep: where the rate falls, counted from the run's start
  double every = 0;               ///< step: the rate falls again after so much
  double gamma = 0.1;             ///< step, multistep, exponential: the factor
  double warmup = 0;  ///< linear warm-up before all else, from `warmup_from` times the rate
  double warmup_from = 0.1;
  double min = 0;  ///< cosine, linear: the rate at the end

  // one_cycle, PyTorch's OneCycleLR:
  double rise = 0.3;                            ///< the share of the run until the highest rate
  std::string anneal = "cosine";                ///< or `linear`: the way between two rates
  double start_div = 25, end_div = 1e4;         ///< highest over first, first over last rate
  bool three_phase = false;                     ///< falls as it rose before it falls to the end
  std::vector<double> momentum = {0.85, 0.95};  ///< lowest and highest; empty: left alone

  bool operator==(const Schedule&) const = default;
};

template <Of<Schedule> Self, class Ar>
void fields(Self& schedule, Ar& ar) {
  ar("name", schedule.name);
  ar.optional("at", schedule.at);
  ar.optional("every", schedule.every);
  ar.optional("gamma", schedule.gamma);
  ar.optional("warmup", schedule.warmup);
  ar.optional("warmup_from", schedule.warmup_from);
  ar.optional("min", schedule.min);
  ar.optional("rise", schedule.rise);
  ar.optional("anneal", schedule.anneal);
  ar.optional("start_div", schedule.start_div);
  ar.optional("end_div", schedule.end_div);
  ar.optional("three_phase", schedule.three_phase);
  ar.optional("momentum", schedule.momentum);
}

const std::vector<std::string>& schedule_names();

/// The rate used at `position` of a run of `extent`; both in one unit (one_cycle: optimiser steps).
/// `lr` is the optimiser's rate, for one_cycle the highest one. Cosine rises again beyond its end.
double lr_at(const Schedule& schedule, double lr, double position, double extent);

/// Only one_cycle moves the momentum; none: leave it alone.
std::optional<double> momentum_at(const Schedule& schedule, double position, double extent);

/// What PyTorch's scheduler of that name gives: `options` of the reference cases, in PyTorch's
/// words. Entry i is the rate of step i; the last is the rate after the last step. Throws Error.
std::vector<double> schedule_trace(const Json& options);
/// OneCycleLR's momentum in the same layout.
std::vector<double> schedule_momentum_trace(const Json& options);

}  // namespace ktb::core
