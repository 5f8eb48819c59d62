#include "ktb/transfer/maps.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <algorithm>

namespace ktb {
namespace {

bool is_map(const std::vector<std::int64_t>& shape) { return shape.size() == 3; }

Tensor at_least_float(const Tensor& x) {
  return c10::isReducedFloatingType(x.scalar_type()) ? x.to(at::kFloat) : x;
}

}  // namespace

Reason no_map(const ModelCard& model, std::size_t place) {
  const auto number = std::to_string(place);
  if (place >= model.features.size()) return model.name + " has no feature map " + number;
  return is_map(model.features[place])
             ? ""
             : "feature " + number + " of " + model.name + " is not a map";
}

MapPairs::MapPairs(const Pairing& pairing) {
  const auto& own = pairing.target->model.features;
  const auto& others = pairing.sources.at(0).model.features;
  for (std::size_t k = 1; k < std::min(own.size(), others.size()); ++k) {
    if (own[k].empty() || others[k].empty()) continue;  // a stored case holds what is used
    places.push_back(k);
    target.push_back(own[k]);
    source.push_back(others[k]);
  }
}

Reason unlike_maps(const Pairing& pairing) {
  if (auto reason = pairing.unreadable(); !reason.empty()) return reason;
  const MapPairs pairs(pairing);
  if (pairs.places.empty())
    return pairing.target->model.name + " and " + pairing.sources.at(0).model.name +
           " have no stages behind the stem in common";
  for (const auto place : pairs.places)
    for (const auto* model : {&pairing.target->model, &pairing.sources.at(0).model})
      if (auto reason = no_map(*model, place); !reason.empty()) return reason;
  return {};
}

Reason unlike_last_maps(const Pairing& pairing) {
  if (auto reason = pairing.unreadable(); !reason.empty()) return reason;
  for (const auto* model : {&pairing.target->model, &pairing.sources.at(0).model})
    if (model->features.empty() || !is_map(model->features.back()))
      return "the last feature of " + model->name + " is not a map";
  return {};
}

Tensor pooled_like(const Tensor& map, const Tensor& other) {
  const auto size = other.sizes().slice(2);
  return map.sizes().slice(2) == size ? map : at::adaptive_avg_pool2d(map, size);
}

std::pair<Tensor, Tensor> equal_size(const Tensor& a, const Tensor& b) {
  return a.size(2) > b.size(2) ? std::pair{pooled_like(a, b), b} : std::pair{a, pooled_like(b, a)};
}

Tensor mean_of(const Tensor& map) { return map.sum() / map.numel(); }

Tensor mean_square(const Tensor& a, const Tensor& b) {
  return mean_of((at_least_float(a) - at_least_float(b)).square());
}

Tensor channel_mean(const Tensor& map) { return map.sum(1) / map.size(1); }

Tensor averaged(const Tensor& feature) {
  if (feature.dim() == 4) return feature.mean({2, 3});
  return feature.dim() == 3 ? feature.mean(1) : feature;
}

Tensor unit(const Tensor& x, std::int64_t axis, double eps) {
  const auto norm = at::linalg_vector_norm(x, 2, axis, /*keepdim=*/true);
  return x / (eps > 0 ? norm.clamp_min(eps) : norm);
}

}  // namespace ktb
