#pragma once
#include <optional>
#include <string>
#include <vector>

namespace ktb::core {

/// Values on a line of pixels.
struct Scale {
  double low = 0, high = 1;  ///< values
  double from = 0, to = 1;   ///< where they lie
  bool logarithmic = false;

  double at(double value) const;
  /// `at`, no further than the ends.
  double within(double value) const;
  bool holds(double value) const { return value >= low && value <= high; }

  struct Tick {
    double value = 0;
    std::string text;
  };
  /// Round numbers, about so many.
  std::vector<Tick> ticks(std::size_t about) const;
};

/// What values reach from and to; those that are not finite do not count.
class Extent {
 public:
  void add(double value);
  bool empty() const { return !low_; }
  double low() const { return *low_; }
  double high() const { return *high_; }
  /// A scale with some room at both ends, on which nothing is endlessly small.
  Scale scale(double from, double to, double room = 0.06) const;

 private:
  std::optional<double> low_, high_;
};

}  // namespace ktb::core
