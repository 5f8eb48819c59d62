#include "core/page/pictures.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace ktb::core {
namespace {

constexpr std::size_t kFinest = 32, kPictures = 8, kDomains = 32, kMembers = 32;
constexpr auto kPathway = "pathway", kDomain = "domain";

using At = std::function<double(std::size_t row, std::size_t column)>;

/// The mean of the finite values in a part of a matrix.
double mean_of(const At& at, std::size_t top, std::size_t bottom, std::size_t left,
               std::size_t right) {
  double sum = 0, count = 0;
  for (std::size_t i = top; i < bottom; ++i)
    for (std::size_t j = left; j < right; ++j)
      if (const double value = at(i, j); std::isfinite(value)) sum += value, ++count;
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

std::vector<std::vector<double>> averaged(const At& at, std::size_t rows, std::size_t columns,
                                          std::size_t most) {
  const std::size_t height = std::min(rows, most), width = std::min(columns, most);
  std::vector<std::vector<double>> parts(height, std::vector<double>(width));
  for (std::size_t i = 0; i < height; ++i)
    for (std::size_t j = 0; j < width; ++j)
      parts[i][j] = mean_of(at, i * rows / height, (i + 1) * rows / height, j * columns / width,
                            (j + 1) * columns / width);
  return parts;
}

bool is_matrix(const StoredTensor& tensor) {
  return tensor.shape.size() == 2 && tensor.shape[0] > 0 && tensor.shape[1] > 0 &&
         !tensor.real.empty();
}

Picture picture_of(const std::string& name, const StoredTensor& tensor) {
  const auto rows = static_cast<std::size_t>(tensor.shape[0]);
  const auto columns = static_cast<std::size_t>(tensor.shape[1]);
  const auto at = [&](std::size_t i, std::size_t j) { return tensor.real[i * columns + j]; };
  return {name, rows, columns, averaged(at, rows, columns, kFinest)};
}

/// Of weights [examples, members] and the domain of each example.
std::optional<Routes> routes_of(const SafetensorsFile& file) {
  const auto weights = file.tensors.find(kPathway), domains = file.tensors.find(kDomain);
  if (weights == file.tensors.end() || domains == file.tensors.end()) return std::nullopt;
  const std::vector<std::int64_t>& of = domains->second.whole;
  if (!is_matrix(weights->second) || of.empty()) return std::nullopt;
  const std::vector<double>& values = weights->second.real;
  const std::size_t members = values.size() / static_cast<std::size_t>(weights->second.shape[0]);
  const auto [least, most] = std::minmax_element(of.begin(), of.end());
  if (members * of.size() != values.size() || members > kMembers || *least < 0 ||
      *most >= static_cast<std::int64_t>(kDomains))
    return std::nullopt;
  Routes routes{{static_cast<std::size_t>(*most) + 1, std::vector<double>(members)}};
  for (std::size_t i = 0; i < of.size(); ++i) {
    const auto own = values.begin() + static_cast<std::ptrdiff_t>(i * members);
    const auto first = std::max_element(own, own + static_cast<std::ptrdiff_t>(members)) - own;
    ++routes.counts[static_cast<std::size_t>(of[i])][static_cast<std::size_t>(first)];
  }
  return routes;
}

}  // namespace

Pictures pictures_of(const SafetensorsFile& file) {
  Pictures pictures;
  for (const auto& [name, tensor] : file.tensors) {
    if (name == kPathway || !is_matrix(tensor)) continue;
    if (pictures.all.size() < kPictures)
      pictures.all.push_back(picture_of(name, tensor));
    else
      ++pictures.more;
  }
  pictures.routes = routes_of(file);
  return pictures;
}

std::vector<std::vector<double>> coarse(const std::vector<std::vector<double>>& values,
                                        std::size_t most) {
  const At at = [&](std::size_t i, std::size_t j) { return values[i][j]; };
  return values.empty() ? values : averaged(at, values.size(), values.front().size(), most);
}

}  // namespace ktb::core
