#include "run/data/draw.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

namespace ktb::run {

using at::Tensor;

Tensor draw(const std::vector<std::int64_t>& labels, std::int64_t count, Take take,
            std::uint64_t seed) {
  const auto n = static_cast<std::int64_t>(labels.size());
  std::map<std::int64_t, double> sizes, seen;
  for (const auto label : labels) ++sizes[label];
  const auto order = at::randperm(n, at::detail::createCPUGenerator(seed), at::kLong);
  std::vector<std::tuple<double, std::int64_t, std::int64_t>> ranked;  // rank in class, class, row
  for (const auto row : std::span(order.const_data_ptr<std::int64_t>(), labels.size())) {
    const auto label = labels[static_cast<std::size_t>(row)];
    const double rank = seen[label]++ + 0.5;
    ranked.emplace_back(take == Take::kEqually ? rank : rank / sizes[label], label, row);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    rows.push_back(std::get<2>(ranked[static_cast<std::size_t>(i)]));
  }
  std::sort(rows.begin(), rows.end());
  return at::tensor(rows, at::kLong);
}

}  // namespace ktb::run
