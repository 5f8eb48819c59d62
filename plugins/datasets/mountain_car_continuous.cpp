// MountainCarContinuous-v0 of Gymnasium, its force cut into levels: effort costs, the goal pays.
#include <algorithm>
#include <cmath>

#include "ktb/control/control.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

/// State: position and velocity, as floats after every step.
class Car final : public VectorEnvironment {
 public:
  Car(double power, double goal_velocity) : power_(power), goal_velocity_(goal_velocity) {}

  void reset(Draws& draws) override { state_ = {draws.between(-0.6, -0.4), 0}; }

  Outcome step(double action, Draws&) override {
    double x = state_[0], speed = state_[1];
    speed += std::clamp(action, -1.0, 1.0) * power_ - 0.0025 * std::cos(3 * x);
    speed = std::clamp(speed, -kFastest, kFastest);
    x = std::clamp(x + speed, kLeft, kRight);
    if (x == kLeft && speed < 0) speed = 0;
    const bool there = x >= kGoal && speed >= goal_velocity_;
    state_ = {static_cast<float>(x), static_cast<float>(speed)};
    return {(there ? 100 : 0) - 0.1 * action * action, there};
  }

 private:
  static constexpr double kLeft = -1.2, kRight = 0.6, kGoal = 0.45, kFastest = 0.07;
  double power_, goal_velocity_;
};

class MountainCarContinuous final : public ControlDataset {
 public:
  explicit MountainCarContinuous(Options& o)
      : ControlDataset(o, {"mountain_car_continuous",
                           {2},
                           "mountain_car",
                           "mountain_car_continuous",
                           levels(o, "forces", 1.0),
                           999}),
        power_(o.get("power", 0.0015, "of the engine")),
        goal_velocity_(o.get("goal_velocity", 0.0, "least speed at which the goal counts",
                             {.least = 0, .most = 0.07})) {}
  std::unique_ptr<Environment> environment() const override {
    return std::make_unique<Car>(power_, goal_velocity_);
  }

 private:
  double power_, goal_velocity_;
};

}  // namespace

KTB_DATASET(MountainCarContinuous, "environment: a car swings up a hill with little effort",
            "Moore, PhD thesis, Cambridge, 1990; rules of Gymnasium's MountainCarContinuous-v0")
