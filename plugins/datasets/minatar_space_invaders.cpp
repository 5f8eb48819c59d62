// Space Invaders on a 10 x 10 grid: a cannon against a block of aliens that comes down.
#include <bitset>
#include <cstdlib>

#include "ktb/control/grid_game.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

class SpaceInvaders final : public GridGame {
 public:
  using GridGame::GridGame;
  static GridGameInfo info() {
    return {"minatar_space_invaders", 6, {kStay, kLeft, kRight, kFire}};
  }

 protected:
  void start(Draws&) override {
    cannon_ = 5;
    ours_.reset();
    theirs_.reset();
    send_aliens();
    heading_ = -1;
    interval_ = move_wait_ = kSlowest;
    shot_wait_ = kShotWait;
    cooldown_ = ramps_ = 0;
  }

  Outcome play(Action action, Draws&) override {
    Outcome outcome;
    act(action);
    ours_ >>= kSide;  // up a row
    theirs_ <<= kSide;
    outcome.terminated = theirs_[here()] || aliens_[here()];
    if (move_wait_ == 0) {
      move_wait_ = std::min(static_cast<int>(aliens_.count()), interval_);
      outcome.terminated = !march() || outcome.terminated;
    }
    if (shot_wait_ == 0) {
      shot_wait_ = kShotWait;
      theirs_.set(nearest_alien());
    }
    const auto dead = aliens_ & ours_;
    outcome.reward = static_cast<double>(dead.count());
    aliens_ &= ~dead;
    ours_ &= ~dead;
    if (cooldown_ > 0) --cooldown_;
    --move_wait_;
    --shot_wait_;
    if (aliens_.none()) next_wave();
    return outcome;
  }

  void draw(const Grid& grid) const override {
    grid.mark(0, kSide - 1, cannon_);
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      const int row = static_cast<int>(cell) / kSide, column = static_cast<int>(cell) % kSide;
      if (aliens_[cell]) grid.mark(1, row, column);
      if (aliens_[cell]) grid.mark(heading_ < 0 ? 2 : 3, row, column);
      if (ours_[cell]) grid.mark(4, row, column);
      if (theirs_[cell]) grid.mark(5, row, column);
    }
  }

  std::vector<double> numbers() const override {
    return {1.0 * cannon_,    1.0 * heading_,  1.0 * interval_, 1.0 * move_wait_,
            1.0 * shot_wait_, 1.0 * cooldown_, 1.0 * ramps_};
  }

 private:
  static constexpr int kCells = kSide * kSide;
  using Cells = std::bitset<kCells>;  ///< row by row
  static constexpr int kSlowest = 12, kFastest = 6, kShotWait = 10, kCooldown = 5;

  static std::size_t cell(int row, int column) { return row * kSide + column; }
  std::size_t here() const { return cell(kSide - 1, cannon_); }

  void send_aliens() {
    aliens_.reset();
    for (int row = 0; row < 4; ++row)
      for (int column = 2; column < 8; ++column) aliens_.set(cell(row, column));
  }

  void next_wave() {
    if (ramping() && interval_ > kFastest) {
      --interval_;
      ++ramps_;
    }
    send_aliens();
  }

  void act(Action action) {
    if (action == kLeft) cannon_ = within(cannon_ - 1);
    if (action == kRight) cannon_ = within(cannon_ + 1);
    if (action != kFire || cooldown_ > 0) return;
    ours_.set(here());
    cooldown_ = kCooldown;
  }

  bool any_alien(int row, int column, int row_step, int column_step) const {
    for (int i = 0; i < kSide; ++i)
      if (aliens_[cell(row + i * row_step, column + i * column_step)]) return true;
    return false;
  }

  /// One cell sideways, or down at the edge; false: they have landed.
  bool march() {
    if (!any_alien(0, heading_ < 0 ? 0 : kSide - 1, 1, 0)) {
      aliens_ = heading_ < 0 ? aliens_ >> 1 : aliens_ << 1;
      return !aliens_[here()];
    }
    heading_ = -heading_;
    const bool landed = any_alien(kSide - 1, 0, 0, 1);
    aliens_ <<= kSide;
    return !landed && !aliens_[here()];
  }

  /// The lowest alien of the column nearest to the cannon, the lower column where two are.
  std::size_t nearest_alien() const {
    std::size_t best = 0;
    int distance = kSide;
    for (int column = 0; column < kSide; ++column) {
      if (std::abs(column - cannon_) >= distance || !any_alien(0, column, 1, 0)) continue;
      distance = std::abs(column - cannon_);
      for (int row = 0; row < kSide; ++row)
        if (aliens_[cell(row, column)]) best = cell(row, column);
    }
    return best;
  }

  int cannon_ = 0, heading_ = -1, interval_ = 0, move_wait_ = 0, shot_wait_ = 0, cooldown_ = 0;
  int ramps_ = 0;
  Cells aliens_, ours_, theirs_;
};

using Games = GridGames<SpaceInvaders>;

}  // namespace

KTB_DATASET(Games, "environment: MinAtar's Space Invaders, a point an alien",
            "Young and Tian, 2019, arXiv 1903.03176")
