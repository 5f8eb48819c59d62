#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/store/confusion.hpp"

namespace ktb::core {

/// How well a class is told from the others. A share of nothing is 0.
struct ClassFigures {
  std::string name;            ///< `class 3` where the data set names none
  std::uint64_t examples = 0;  ///< of the class
  std::uint64_t answers = 0;   ///< that named the class
  std::uint64_t right = 0;

  double recall() const { return share(right, examples); }
  double precision() const { return share(right, answers); }
  double f1() const { return share(2 * right, examples + answers); }

 private:
  static double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};
/// In the order of the classes.
std::vector<ClassFigures> class_figures(const Confusion& confusion);

/// Examples of one class that were taken for another.
struct Mistaken {
  std::size_t truth = 0, answer = 0;
  double share = 0;  ///< of the examples of that class
};
/// The most frequent first.
std::vector<Mistaken> mistakes(const Confusion& confusion);

}  // namespace ktb::core
