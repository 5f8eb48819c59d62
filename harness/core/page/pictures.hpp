#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/weights/safetensors.hpp"

namespace ktb::core {

/// A matrix that a method kept, as coarse as a page shows it.
struct Picture {
  std::string name;
  std::size_t rows = 0, columns = 0;        ///< of the matrix itself
  std::vector<std::vector<double>> values;  ///< means of equal parts; NaN where there is no number
};

/// How often each member of a hub is the first for an example of each domain.
struct Routes {
  std::vector<std::vector<double>> counts;  ///< domain, member

  std::size_t members() const { return counts.front().size(); }
};

/// What of a trial's pictures can be drawn.
struct Pictures {
  std::vector<Picture> all;
  std::size_t more = 0;  ///< that were left out
  std::optional<Routes> routes;
};

/// What cannot be drawn is left out, whatever the file holds.
Pictures pictures_of(const SafetensorsFile& file);

/// Values averaged to at most `most` rows and columns; what is not finite does not count.
std::vector<std::vector<double>> coarse(const std::vector<std::vector<double>>& values,
                                        std::size_t most);

}  // namespace ktb::core
