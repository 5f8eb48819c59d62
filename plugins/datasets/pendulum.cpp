// Pendulum-v1 of Gymnasium, its torque cut into levels: swing up and stay there.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "ktb/control/control.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;
using std::numbers::pi;

constexpr double kStrongest = 2, kFastest = 8;

/// State: the angle, which is never wrapped, and its velocity.
class Rod final : public VectorEnvironment {
 public:
  Rod(double g, double m, double l) : g_(g), m_(m), l_(l) {}

  void reset(Draws& draws) override {
    const double angle = draws.between(-pi, pi);
    state_ = {angle, draws.between(-1, 1)};
  }

  Outcome step(double action, Draws&) override {
    constexpr double kDt = 0.05;
    double &angle = state_[0], &turn = state_[1];
    const double torque = std::clamp(action, -kStrongest, kStrongest);
    const double off = angle - 2 * pi * std::floor((angle + pi) / (2 * pi));
    const double cost = off * off + 0.1 * turn * turn + 0.001 * torque * torque;
    turn += (1.5 * g_ / l_ * std::sin(angle) + 3 * torque / (m_ * l_ * l_)) * kDt;
    turn = std::clamp(turn, -kFastest, kFastest);
    angle += turn * kDt;
    return {-cost, false};
  }

  void observe(double* into) const override {
    into[0] = std::cos(state_[0]);
    into[1] = std::sin(state_[0]);
    into[2] = state_[1];
  }

 private:
  double g_, m_, l_;
};

class Pendulum final : public ControlDataset {
 public:
  explicit Pendulum(Options& o)
      : ControlDataset(
            o, {"pendulum", {3}, "pendulum", "pendulum", levels(o, "torques", kStrongest), 200}),
        g_(o.get("g", 10.0, "acceleration downwards")),
        m_(o.get("m", 1.0, "mass", {.least = 1e-6})),
        l_(o.get("l", 1.0, "length", {.least = 1e-6})) {}
  std::unique_ptr<Environment> environment() const override {
    return std::make_unique<Rod>(g_, m_, l_);
  }

 private:
  double g_, m_, l_;
};

}  // namespace

KTB_DATASET(Pendulum, "environment: a pendulum is swung up and held, torque in levels",
            "rules of Gymnasium's Pendulum-v1")
