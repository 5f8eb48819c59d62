// Acrobot-v1 of Gymnasium: two links, torque at the elbow alone, the tip has to swing up.
#include <array>
#include <cmath>
#include <numbers>

#include "ktb/control/control.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;
using std::numbers::pi;

struct Links {
  double length_1, mass_1, mass_2, com_1, com_2, inertia;
};

double wrapped(double angle) {
  while (angle > pi) angle -= 2 * pi;
  while (angle < -pi) angle += 2 * pi;
  return angle;
}

/// State: both angles, then their velocities.
class Swing final : public VectorEnvironment {
 public:
  explicit Swing(const Links& links) : l_(links) {}

  void reset(Draws& draws) override {
    state_.resize(4);
    for (auto& number : state_) number = static_cast<float>(draws.between(-0.1, 0.1));
  }

  Outcome step(double action, Draws&) override {
    runge_kutta(action - 1);
    state_[0] = wrapped(state_[0]);
    state_[1] = wrapped(state_[1]);
    state_[2] = std::clamp(state_[2], -4 * pi, 4 * pi);
    state_[3] = std::clamp(state_[3], -9 * pi, 9 * pi);
    const bool up = -std::cos(state_[0]) - std::cos(state_[1] + state_[0]) > 1;
    return {up ? 0.0 : -1.0, up};
  }

  void observe(double* into) const override {
    for (int i = 0; i < 2; ++i) {
      into[2 * i] = std::cos(state_[i]);
      into[2 * i + 1] = std::sin(state_[i]);
      into[4 + i] = state_[2 + i];
    }
  }

 private:
  using Four = std::array<double, 4>;

  /// Equations of motion in the form of Sutton and Barto's book.
  Four slope(const Four& s, double torque) const {
    constexpr double g = 9.8;
    const auto [a1, a2, v1, v2] = s;
    const double bend = l_.length_1 * l_.com_2 * std::cos(a2);
    const double d1 = l_.mass_1 * l_.com_1 * l_.com_1 +
                      l_.mass_2 * (l_.length_1 * l_.length_1 + l_.com_2 * l_.com_2 + 2 * bend) +
                      2 * l_.inertia;
    const double d2 = l_.mass_2 * (l_.com_2 * l_.com_2 + bend) + l_.inertia;
    const double whirl = l_.mass_2 * l_.length_1 * l_.com_2 * std::sin(a2);
    const double phi2 = l_.mass_2 * l_.com_2 * g * std::cos(a1 + a2 - pi / 2);
    const double phi1 =
        -whirl * v2 * v2 - 2 * whirl * v2 * v1 +
        (l_.mass_1 * l_.com_1 + l_.mass_2 * l_.length_1) * g * std::cos(a1 - pi / 2) + phi2;
    const double turn2 = (torque + d2 / d1 * phi1 - whirl * v1 * v1 - phi2) /
                         (l_.mass_2 * l_.com_2 * l_.com_2 + l_.inertia - d2 * d2 / d1);
    return {v1, v2, -(d2 * turn2 + phi1) / d1, turn2};
  }

  /// One step of the fourth order.
  void runge_kutta(double torque) {
    constexpr double dt = 0.2;
    Four at{};
    std::copy(state_.begin(), state_.end(), at.begin());
    const auto along = [&](const Four& k, double h) {
      auto next = at;
      for (int i = 0; i < 4; ++i) next[i] += h * k[i];
      return next;
    };
    const auto k1 = slope(at, torque), k2 = slope(along(k1, dt / 2), torque),
               k3 = slope(along(k2, dt / 2), torque), k4 = slope(along(k3, dt), torque);
    for (int i = 0; i < 4; ++i) state_[i] += dt / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }

  Links l_;
};

class Acrobot final : public ControlDataset {
 public:
  explicit Acrobot(Options& o)
      : ControlDataset(o, {"acrobot", {6}, "acrobot", "acrobot", {0, 1, 2}, 500}),
        links_{o.get("link_length_1", 1.0, "length of the upper link", {.least = 1e-6}),
               o.get("link_mass_1", 1.0, "mass of the upper link", {.least = 1e-6}),
               o.get("link_mass_2", 1.0, "mass of the lower link", {.least = 1e-6}),
               o.get("link_com_pos_1", 0.5, "centre of mass of the upper link", {.least = 1e-6}),
               o.get("link_com_pos_2", 0.5, "centre of mass of the lower link", {.least = 1e-6}),
               o.get("link_moi", 1.0, "moment of inertia of both links", {.least = 1e-6})} {}
  std::unique_ptr<Environment> environment() const override {
    return std::make_unique<Swing>(links_);
  }

 private:
  Links links_;
};

}  // namespace

KTB_DATASET(Acrobot, "environment: two links swing up by a torque between them, 3 actions",
            "Sutton, NeurIPS 1995; rules of Gymnasium's Acrobot-v1")
