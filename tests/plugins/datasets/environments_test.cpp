// Options of environments that no reference case sets.
#include <gtest/gtest.h>

#include <string>

#include "ktb/control/control.hpp"
#include "run/rig.hpp"

namespace ktb::run {
namespace {

/// Whether a car that just passes its goal with this speed has arrived.
bool arrives(const std::string& name, double goal, double speed,
             std::map<std::string, Value> given) {
  Options options(std::move(given));
  const auto set = plugins().dataset(name, options);
  const auto car = set->control()->environment();
  car->set_state({goal - speed / 2, speed});
  SeededDraws draws(0);
  return car->step(set->control()->world().actions.back(), draws).terminated;
}

TEST(MountainCars, MayHaveToReachTheirGoalFast) {
  for (const auto& [name, goal] :
       {std::pair<std::string, double>{"mountain_car", 0.5}, {"mountain_car_continuous", 0.45}}) {
    EXPECT_TRUE(arrives(name, goal, 0.03, {})) << name;
    EXPECT_FALSE(arrives(name, goal, 0.03, {{"goal_velocity", 0.04}})) << name;
    EXPECT_TRUE(arrives(name, goal, 0.05, {{"goal_velocity", 0.04}})) << name;
  }
}

}  // namespace
}  // namespace ktb::run
