// Asterix on a 10 x 10 grid: gold and enemies cross eight lanes; one is taken, the other avoided.
#include <array>
#include <optional>

#include "ktb/control/grid_game.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

class Asterix final : public GridGame {
 public:
  using GridGame::GridGame;
  static GridGameInfo info() { return {"minatar_asterix", 4, {kStay, kLeft, kUp, kRight, kDown}}; }

 protected:
  void start(Draws&) override {
    row_ = column_ = 5;
    lanes_ = {};
    spawn_ = {10, 10};
    move_ = {5, 5};
    ramp_wait_ = kRampWait;
    ramps_ = 0;
  }

  Outcome play(Action action, Draws& draws) override {
    Outcome outcome;
    if (spawn_.due()) spawn(draws);
    walk(action);
    collide(outcome);
    if (move_.due()) {
      for (auto& lane : lanes_) advance(lane);
      collide(outcome);
    }
    --spawn_.wait;
    --move_.wait;
    if (ramping()) ramp();
    return outcome;
  }

  void draw(const Grid& grid) const override {
    grid.mark(0, row_, column_);
    for (int row = kFirst; row <= kLast; ++row) {
      const auto& thing = lanes_[row];
      if (!thing) continue;
      grid.mark(thing->gold ? 3 : 1, row, thing->column);
      const int behind = thing->column - thing->step;
      if (behind == within(behind)) grid.mark(2, row, behind);
    }
  }

  std::vector<double> numbers() const override {
    return {1.0 * column_,        1.0 * row_,       1.0 * spawn_.interval, 1.0 * spawn_.wait,
            1.0 * move_.interval, 1.0 * move_.wait, 1.0 * ramp_wait_,      1.0 * ramps_};
  }

 private:
  struct Thing {
    int column, step;
    bool gold;
  };
  struct Clock {
    int interval, wait;
    bool due() {
      if (wait > 0) return false;
      wait = interval;
      return true;
    }
  };
  static constexpr int kFirst = 1, kLast = 8, kRampWait = 100;

  /// The draws are used up even where no lane is free.
  void spawn(Draws& draws) {
    const bool from_left = draws.uniform() < 0.5;
    const bool gold = draws.uniform() < 1.0 / 3.0;
    std::vector<int> free;
    for (int row = kFirst; row <= kLast; ++row)
      if (!lanes_[row]) free.push_back(row);
    if (free.empty()) return;
    const auto chosen = draws.whole(0, static_cast<std::int64_t>(free.size()) - 1);
    lanes_[free[chosen]] = Thing{from_left ? 0 : kSide - 1, from_left ? 1 : -1, gold};
  }

  void walk(Action action) {
    if (action == kLeft) column_ = within(column_ - 1);
    if (action == kRight) column_ = within(column_ + 1);
    if (action == kUp) row_ = std::max(row_ - 1, kFirst);
    if (action == kDown) row_ = std::min(row_ + 1, kLast);
  }

  void collide(Outcome& outcome) {
    auto& thing = lanes_[row_];
    if (!thing || thing->column != column_) return;
    if (!thing->gold) {
      outcome.terminated = true;
      return;
    }
    outcome.reward += 1;
    thing.reset();
  }

  static void advance(std::optional<Thing>& thing) {
    if (!thing) return;
    thing->column += thing->step;
    if (thing->column != within(thing->column)) thing.reset();
  }

  void ramp() {
    if (spawn_.interval == 1 && move_.interval == 1) return;
    if (ramp_wait_-- >= 0) return;
    ++ramps_;
    spawn_.interval = std::max(1, spawn_.interval - 1);
    if (ramps_ % 2 == 0) move_.interval = std::max(1, move_.interval - 1);
    ramp_wait_ = kRampWait;
  }

  int row_ = 0, column_ = 0;
  std::array<std::optional<Thing>, kSide> lanes_;
  Clock spawn_{}, move_{};
  int ramp_wait_ = 0, ramps_ = 0;
};

using Games = GridGames<Asterix>;

}  // namespace

KTB_DATASET(Games, "environment: MinAtar's Asterix, a point for gold, an end for an enemy",
            "Young and Tian, 2019, arXiv 1903.03176")
