// MountainCar-v0 of Gymnasium: a car too weak for its hill has to swing up.
#include <algorithm>
#include <cmath>

#include "ktb/control/control.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

/// State: position and velocity.
class Car final : public VectorEnvironment {
 public:
  Car(double force, double gravity, double goal_velocity)
      : force_(force), gravity_(gravity), goal_velocity_(goal_velocity) {}

  void reset(Draws& draws) override { state_ = {draws.between(-0.6, -0.4), 0}; }

  Outcome step(double action, Draws&) override {
    double &x = state_[0], &speed = state_[1];
    speed += (action - 1) * force_ - std::cos(3 * x) * gravity_;
    speed = std::clamp(speed, -kFastest, kFastest);
    x = std::clamp(x + speed, kLeft, kRight);
    if (x == kLeft && speed < 0) speed = 0;
    return {-1, x >= kGoal && speed >= goal_velocity_};
  }

 private:
  static constexpr double kLeft = -1.2, kRight = 0.6, kGoal = 0.5, kFastest = 0.07;
  double force_, gravity_, goal_velocity_;
};

class MountainCar final : public ControlDataset {
 public:
  explicit MountainCar(Options& o)
      : ControlDataset(o, {"mountain_car", {2}, "mountain_car", "mountain_car", {0, 1, 2}, 200}),
        force_(o.get("force", 0.001, "of the engine")),
        gravity_(o.get("gravity", 0.0025, "pull of the hill")),
        goal_velocity_(o.get("goal_velocity", 0.0, "least speed at which the goal counts",
                             {.least = 0, .most = 0.07})) {}
  std::unique_ptr<Environment> environment() const override {
    return std::make_unique<Car>(force_, gravity_, goal_velocity_);
  }

 private:
  double force_, gravity_, goal_velocity_;
};

}  // namespace

KTB_DATASET(MountainCar, "environment: a car swings up a hill, 3 actions, solved at -110",
            "Moore, PhD thesis, Cambridge, 1990; rules of Gymnasium's MountainCar-v0")
