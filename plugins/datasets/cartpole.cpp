// CartPole-v1 of Gymnasium: a pole on a cart that is pushed left or right.
#include <cmath>
#include <numbers>

#include "ktb/control/control.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

struct Physics {
  double gravity, masscart, masspole, length, force_mag;
};

/// State: the cart's position and velocity, the pole's angle and velocity.
class Cart final : public VectorEnvironment {
 public:
  explicit Cart(const Physics& physics) : p_(physics) {}

  void reset(Draws& draws) override {
    state_.resize(4);
    for (auto& number : state_) number = draws.between(-0.05, 0.05);
  }

  Outcome step(double action, Draws&) override {
    constexpr double kTau = 0.02, kFarthest = 2.4, kSteepest = 12 * std::numbers::pi / 180;
    double &x = state_[0], &speed = state_[1], &angle = state_[2], &turn = state_[3];
    const double mass = p_.masscart + p_.masspole, moment = p_.masspole * p_.length;
    const double force = action > 0 ? p_.force_mag : -p_.force_mag;
    const double sine = std::sin(angle), cosine = std::cos(angle);
    const double push = (force + moment * turn * turn * sine) / mass;
    const double turning = (p_.gravity * sine - cosine * push) /
                           (p_.length * (4.0 / 3.0 - p_.masspole * cosine * cosine / mass));
    const double speeding = push - moment * turning * cosine / mass;
    x += kTau * speed;
    speed += kTau * speeding;
    angle += kTau * turn;
    turn += kTau * turning;
    return {1, std::abs(x) > kFarthest || std::abs(angle) > kSteepest};
  }

 private:
  Physics p_;
};

class CartPole final : public ControlDataset {
 public:
  explicit CartPole(Options& o)
      : ControlDataset(o, {"cartpole", {4}, "cartpole", "cartpole", {0, 1}, 500}),
        physics_{o.get("gravity", 9.8, "acceleration downwards"),
                 o.get("masscart", 1.0, "mass of the cart", {.least = 1e-6}),
                 o.get("masspole", 0.1, "mass of the pole", {.least = 1e-6}),
                 o.get("length", 0.5, "half the pole's length", {.least = 1e-6}),
                 o.get("force_mag", 10.0, "force of a push")} {}
  std::unique_ptr<Environment> environment() const override {
    return std::make_unique<Cart>(physics_);
  }

 private:
  Physics physics_;
};

}  // namespace

KTB_DATASET(CartPole, "environment: a pole is kept upright on a cart, 2 actions, solved at 475",
            "Barto, Sutton, Anderson, IEEE SMC-13, 1983; rules of Gymnasium's CartPole-v1")
