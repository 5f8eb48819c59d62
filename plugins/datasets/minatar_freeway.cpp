// Freeway on a 10 x 10 grid: a chicken crosses eight lanes of cars, again and again.
#include <array>
#include <cstdlib>

#include "ktb/control/grid_game.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

class Freeway final : public GridGame {
 public:
  using GridGame::GridGame;
  static GridGameInfo info() { return {"minatar_freeway", 7, {kStay, kUp, kDown}}; }

 protected:
  void start(Draws& draws) override {
    cars_ = {};
    send_cars(draws);
    row_ = kHome;
    wait_ = kWait;
    left_ = 2500;
  }

  Outcome play(Action action, Draws& draws) override {
    if (wait_ == 0 && (action == kUp || action == kDown)) {
      row_ = within(row_ + (action == kUp ? -1 : 1));
      wait_ = kWait;
    }
    Outcome outcome;
    if (row_ == 0) {
      outcome.reward = 1;
      row_ = kHome;
      send_cars(draws);
    }
    for (std::size_t lane = 0; lane < cars_.size(); ++lane) drive(cars_[lane], lane_row(lane));
    if (wait_ > 0) --wait_;
    outcome.terminated = --left_ < 0;
    return outcome;
  }

  void draw(const Grid& grid) const override {
    grid.mark(0, row_, kColumn);
    for (std::size_t lane = 0; lane < cars_.size(); ++lane) {
      const auto& car = cars_[lane];
      grid.mark(1, lane_row(lane), car.column);
      grid.mark(1 + std::abs(car.speed), lane_row(lane), around(car.column - step_of(car)));
    }
  }

  std::vector<double> numbers() const override {
    std::vector<double> all = {1.0 * row_, 1.0 * wait_, 1.0 * left_};
    for (const auto& car : cars_) all.push_back(car.wait);
    for (const auto& car : cars_) all.push_back(car.speed);
    return all;
  }

 private:
  struct Car {
    int column = 0, speed = 0, wait = 0;  ///< speed: frames between moves, negative to the left
  };
  static constexpr int kColumn = 4, kHome = kSide - 1, kWait = 3, kSlowest = 5;

  static int lane_row(std::size_t lane) { return static_cast<int>(lane) + 1; }
  static int around(int column) { return (column + kSide) % kSide; }
  static int step_of(const Car& car) { return car.speed > 0 ? 1 : -1; }

  /// New speeds; the cars stay where they are.
  void send_cars(Draws& draws) {
    for (auto& car : cars_) car.wait = car.speed = static_cast<int>(draws.whole(1, kSlowest));
    for (auto& car : cars_)
      if (draws.uniform() < 0.5) car.speed = -car.speed;
  }

  void drive(Car& car, int row) {
    const auto collide = [&] {
      if (row_ == row && car.column == kColumn) row_ = kHome;
    };
    collide();
    if (car.wait-- > 0) return;
    car.wait = std::abs(car.speed);
    car.column = around(car.column + step_of(car));
    collide();
  }

  std::array<Car, 8> cars_;
  int row_ = 0, wait_ = 0, left_ = 0;
};

using Games = GridGames<Freeway>;

}  // namespace

KTB_DATASET(Games, "environment: MinAtar's Freeway, a point a crossing",
            "Young and Tian, 2019, arXiv 1903.03176")
