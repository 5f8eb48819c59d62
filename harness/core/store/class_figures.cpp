#include "core/store/class_figures.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ktb::core {

std::vector<ClassFigures> class_figures(const Confusion& confusion) {
  const auto& counts = confusion.counts;
  std::vector<ClassFigures> all(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    all[i].name = i < confusion.classes.size() ? confusion.classes[i] : fmt::format("class {}", i);
    all[i].right = counts[i][i];
    for (std::size_t j = 0; j < counts.size(); ++j) {
      all[i].examples += counts[i][j];
      all[j].answers += counts[i][j];
    }
  }
  return all;
}

std::vector<Mistaken> mistakes(const Confusion& confusion) {
  const auto figures = class_figures(confusion);
  std::vector<Mistaken> found;
  for (std::size_t i = 0; i < figures.size(); ++i)
    for (std::size_t j = 0; j < figures.size(); ++j)
      if (const auto count = confusion.counts[i][j]; i != j && count > 0)
        found.push_back(
            {i, j, static_cast<double>(count) / static_cast<double>(figures[i].examples)});
  std::stable_sort(found.begin(), found.end(),
                   [](const Mistaken& a, const Mistaken& b) { return a.share > b.share; });
  return found;
}

}  // namespace ktb::core
