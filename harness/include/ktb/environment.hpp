#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "ktb/export.hpp"

namespace ktb {

/// Random numbers of one environment, in the order in which it asks for them:
/// a check puts stored ones here.
class KTB_API Draws {
 public:
  virtual ~Draws();
  virtual double uniform() = 0;                                           ///< in [0, 1)
  virtual std::int64_t whole(std::int64_t least, std::int64_t most) = 0;  ///< both included

  double between(double low, double high) { return low + (high - low) * uniform(); }
};

/// Draws that a seed decides, the same ones on every machine.
class KTB_API SeededDraws final : public Draws {
 public:
  explicit SeededDraws(std::uint64_t seed) : engine_(seed) {}
  ~SeededDraws() override;
  double uniform() override;
  std::int64_t whole(std::int64_t least, std::int64_t most) override;

  /// Where the sequence stands, as text; `go_to` goes on from there.
  std::string place() const;
  void go_to(const std::string& place);

 private:
  std::mt19937_64 engine_;
};

/// What one step brought.
struct Outcome {
  double reward = 0;
  bool terminated = false;  ///< by the rules; limits of time are the harness's
};

/// One copy of a world that answers to actions. Copies side by side, limits of time and learning
/// are the harness's.
class KTB_API Environment {
 public:
  virtual ~Environment();
  virtual void reset(Draws& draws) = 0;
  /// `action` is one of World::actions.
  virtual Outcome step(double action, Draws& draws) = 0;
  /// Writes the observation, of World::shape, row by row.
  virtual void observe(double* into) const = 0;
  /// Inner numbers by which it is checked, in the order of the reference cases.
  virtual std::vector<double> state() const = 0;
  /// Puts it there; throws Error where state() is not all that there is.
  virtual void set_state(const std::vector<double>& state);
};

/// One whose state is a short vector, as in classic control.
class KTB_API VectorEnvironment : public Environment {
 public:
  ~VectorEnvironment() override;
  std::vector<double> state() const final { return state_; }
  void set_state(const std::vector<double>& state) final { state_ = state; }
  void observe(double* into) const override;  ///< the state itself

 protected:
  std::vector<double> state_;
};

}  // namespace ktb
