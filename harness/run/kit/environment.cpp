#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ktb/control/control.hpp"
#include "run/control/episode_runner.hpp"
#include "run/kit/conformance.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {
namespace {

constexpr std::int64_t kTransitions = 500;

/// What a runner shows and pays over some random steps, all in one row.
std::vector<double> history(const ControlDataset& set, std::uint64_t seed, std::uint64_t choices) {
  EpisodeRunner runner(set, seed);
  SeededDraws dice(choices);
  const auto most = static_cast<std::int64_t>(set.world().actions.size()) - 1;
  std::vector<double> all(runner.observation().begin(), runner.observation().end());
  for (std::int64_t i = 0; i < kTransitions; ++i) {
    const auto end = runner.step(dice.whole(0, most));
    all.push_back(end.reward);
    if (end.over()) runner.begin();
    all.insert(all.end(), runner.observation().begin(), runner.observation().end());
  }
  return all;
}

void check_world(const World& world) {
  demand(!world.shape.empty(), "its observations have no extent");
  demand(!world.space.empty(), "it does not say what an observation means");
  demand(!world.labels.empty(), "it does not say what its actions mean");
  demand(world.actions.size() > 1, "it has fewer than two actions");
}

void check_numbers(const ControlDataset& set) {
  const auto all = history(set, 1, 2);
  demand(std::ranges::all_of(all, [](double x) { return std::isfinite(x); }),
         "an observation or a reward is not finite");
  if (set.world().shape.size() != 3) return;
  const EpisodeRunner runner(set, 1);
  demand(std::ranges::all_of(runner.observation(), [](float x) { return x == 0 || x == 1; }),
         "its observation is a grid, and a cell is neither 0 nor 1");
}

/// Every action from the start on, as long as it goes.
void check_ends(const ControlDataset& set) {
  for (std::size_t action = 0; action < set.world().actions.size(); ++action) {
    EpisodeRunner runner(set, 1);
    std::int64_t steps = 1;
    while (!runner.step(static_cast<std::int64_t>(action)).over()) ++steps;
    demand(steps <= set.world().limit,
           fmt::format("an episode of action {} alone has {} steps, its limit is {}", action, steps,
                       set.world().limit));
  }
}

}  // namespace

void test_environment(const ControlDataset& set, Report& report) {
  report.check("its world and its task are whole", [&] {
    check_world(set.world());
    tasks::make_task_kind(set.task(DataFolder({})));
  });
  report.check("what it shows and pays is finite, and grids hold zeros and ones",
               [&] { check_numbers(set); });
  report.check("the same seed and the same actions give the same episodes", [&] {
    demand(history(set, 1, 2) == history(set, 1, 2), "two runs of one seed differ");
  });
  report.check("what happens depends on the actions",
               [&] { demand(history(set, 1, 2) != history(set, 1, 3), "no action matters"); });
  report.check("every action alone comes to an end", [&] { check_ends(set); });
}

}  // namespace ktb::run
