#include "ktb/control/grid_game.hpp"

#include <algorithm>

namespace ktb {
namespace {

constexpr std::int64_t kCells = GridGame::kSide * GridGame::kSide;

}  // namespace

GridGame::~GridGame() = default;

void Grid::mark(int channel, int row, int column) const {
  cells_[channel * kCells + row * GridGame::kSide + column] = 1;
}

void GridGame::reset(Draws& draws) {
  over_ = false;
  start(draws);
}

Outcome GridGame::step(double action, Draws& draws) {
  const bool sticks = rules_.sticky > 0 && draws.uniform() < rules_.sticky;
  if (!sticks) executed_ = static_cast<Action>(action);
  if (over_) return {.reward = 0, .terminated = true};
  const auto outcome = play(executed_, draws);
  over_ = outcome.terminated;
  return outcome;
}

void GridGame::observe(double* into) const {
  std::fill_n(into, rules_.channels * kCells, 0.0);
  draw(Grid(into));
}

std::vector<double> GridGame::state() const {
  auto all = numbers();
  all.push_back(executed_);
  return all;
}

GridRules grid_rules(Options& o, const GridGameInfo& info) {
  GridRules rules;
  rules.channels = o.get("channels", 0,
                         "channels of an observation, the same for several games so that one "
                         "network reads them all; 0: the game's own",
                         {.least = 0, .most = 64});
  if (rules.channels == 0) rules.channels = info.channels;
  if (rules.channels < info.channels)
    throw OptionError("channels", "option `channels` is " + std::to_string(rules.channels) +
                                      "; this game needs " + std::to_string(info.channels));
  rules.sticky = o.get("sticky", 0.1, "chance that the last action is executed again",
                       {.least = 0, .most = 1});
  rules.ramping = o.get("ramping", true, "the game grows harder");
  return rules;
}

World grid_world(Options& o, const GridGameInfo& info) {
  const auto channels = grid_rules(o, info).channels;
  World world;
  world.name = info.name;
  world.shape = {channels, GridGame::kSide, GridGame::kSide};
  world.space = "minatar:" + std::to_string(channels);
  world.labels = "minatar";
  world.actions = {0, 1, 2, 3, 4, 5};
  if (o.get("useful_actions", false, "only the actions that do something in this game")) {
    world.actions = info.useful;
    world.labels = info.name;
  }
  world.limit = 5000;
  return world;
}

}  // namespace ktb
