// Breakout on a 10 x 10 grid: a paddle, a ball that moves diagonally, three rows of bricks.
#include <array>

#include "ktb/control/grid_game.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

class Breakout final : public GridGame {
 public:
  using GridGame::GridGame;
  static GridGameInfo info() { return {"minatar_breakout", 4, {kStay, kLeft, kRight}}; }

 protected:
  void start(Draws& draws) override {
    const bool from_left = draws.whole(0, 1) == 0;
    ball_ = trail_ = {kLastBrickRow, from_left ? 0 : kSide - 1};
    heading_ = {1, from_left ? 1 : -1};
    paddle_ = 4;
    strike_ = false;
    fill_bricks();
  }

  Outcome play(Action action, Draws&) override {
    if (action == kLeft) paddle_ = within(paddle_ - 1);
    if (action == kRight) paddle_ = within(paddle_ + 1);
    Outcome outcome;
    auto next = Cell{ball_.row + heading_.row, ball_.column + heading_.column};
    if (next.column != within(next.column)) {
      next.column = within(next.column);
      heading_.column = -heading_.column;
    }
    const bool brick = next.row >= 0 && bricks_[next.row][next.column];
    if (next.row < 0) {
      next.row = 0;
      heading_.row = -heading_.row;
    } else if (brick) {
      outcome.reward = hit(next);
    } else if (next.row == kSide - 1) {
      outcome.terminated = !bounce(next);
    }
    if (!brick) strike_ = false;
    trail_ = ball_;
    ball_ = next;
    return outcome;
  }

  void draw(const Grid& grid) const override {
    grid.mark(0, kSide - 1, paddle_);
    grid.mark(1, ball_.row, ball_.column);
    grid.mark(2, trail_.row, trail_.column);
    for (int row = kFirstBrickRow; row <= kLastBrickRow; ++row)
      for (int column = 0; column < kSide; ++column)
        if (bricks_[row][column]) grid.mark(3, row, column);
  }

  std::vector<double> numbers() const override {
    const bool right = heading_.column > 0;
    const int direction = heading_.row < 0 ? (right ? 1 : 0) : (right ? 2 : 3);
    return {1.0 * ball_.column, 1.0 * ball_.row,     1.0 * direction, 1.0 * paddle_,
            1.0 * strike_,      1.0 * trail_.column, 1.0 * trail_.row};
  }

 private:
  struct Cell {
    int row = 0, column = 0;
  };
  static constexpr int kFirstBrickRow = 1, kLastBrickRow = 3;

  void fill_bricks() {
    for (int row = kFirstBrickRow; row <= kLastBrickRow; ++row) bricks_[row].fill(true);
  }

  /// The ball flies through further bricks while it is in a strike.
  double hit(Cell& next) {
    if (strike_) return 0;
    strike_ = true;
    bricks_[next.row][next.column] = false;
    next.row = ball_.row;
    heading_.row = -heading_.row;
    return 1;
  }

  /// On the bottom row: whether the paddle was there.
  bool bounce(Cell& next) {
    bool any = false;
    for (const auto& row : bricks_)
      for (const bool brick : row) any = any || brick;
    if (!any) fill_bricks();
    if (paddle_ != ball_.column && paddle_ != next.column) return false;
    if (paddle_ != ball_.column) heading_.column = -heading_.column;
    heading_.row = -heading_.row;
    next.row = ball_.row;
    return true;
  }

  Cell ball_, trail_, heading_;
  int paddle_ = 0;
  bool strike_ = false;
  std::array<std::array<bool, kSide>, kSide> bricks_{};
};

using Games = GridGames<Breakout>;

}  // namespace

KTB_DATASET(Games, "environment: MinAtar's Breakout, a point a brick",
            "Young and Tian, 2019, arXiv 1903.03176")
