#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ktb/control/control.hpp"

namespace ktb {

/// What games of MinAtar share: 10 x 10 cells, six actions, and an action that sticks.
struct GridRules {
  std::int64_t channels = 0;  ///< of an observation; those beyond the game's own are empty
  double sticky = 0;          ///< chance that the last executed action is repeated
  bool ramping = true;        ///< the game grows harder
};

/// A game as plain data.
struct GridGameInfo {
  const char* name;
  std::int64_t channels;
  std::vector<double> useful;  ///< actions that do something
};

/// The cells of an observation, all zero at first.
class KTB_API Grid {
 public:
  explicit Grid(double* cells) : cells_(cells) {}
  void mark(int channel, int row, int column) const;

 private:
  double* cells_;
};

/// One copy of a game of MinAtar (Young and Tian, arXiv 1903.03176). After the end nothing moves.
class KTB_API GridGame : public Environment {
 public:
  static constexpr int kSide = 10;
  enum Action { kStay, kLeft, kUp, kRight, kDown, kFire };

  explicit GridGame(const GridRules& rules) : rules_(rules) {}
  ~GridGame() override;
  void reset(Draws& draws) final;
  Outcome step(double action, Draws& draws) final;
  void observe(double* into) const final;
  /// Those of the game, then the action that was executed last.
  std::vector<double> state() const final;

 protected:
  virtual void start(Draws& draws) = 0;
  virtual Outcome play(Action action, Draws& draws) = 0;
  virtual void draw(const Grid& grid) const = 0;
  virtual std::vector<double> numbers() const = 0;
  bool ramping() const { return rules_.ramping; }
  static int within(int place) { return std::clamp(place, 0, kSide - 1); }

 private:
  GridRules rules_;
  Action executed_ = kStay;  ///< a reset does not forget it
  bool over_ = false;
};

/// Read the options that games share.
KTB_API GridRules grid_rules(Options& options, const GridGameInfo& info);
KTB_API World grid_world(Options& options, const GridGameInfo& info);

/// The data set of one game: KTB_DATASET(ktb::GridGames<Breakout>, ...), with Breakout::info().
template <class Game>
class GridGames final : public ControlDataset {
 public:
  explicit GridGames(Options& options)
      : ControlDataset(options, grid_world(options, Game::info())),
        rules_(grid_rules(options, Game::info())) {}
  std::unique_ptr<Environment> environment() const override {
    return std::make_unique<Game>(rules_);
  }

 private:
  GridRules rules_;
};

}  // namespace ktb
