#include "ktb/maps.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <algorithm>

namespace ktb {
namespace {

bool is_map(const std::vector<std::int64_t>& shape) { return shape.size() == 3; }

std::string no_map(const ModelCard& model, std::size_t place) {
  return "feature " + std::to_string(place) + " of " + model.name + " is not a map";
}

}  // namespace

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

std::string unlike_maps(const Pairing& pairing) {
  if (auto reason = pairing.unreadable(); !reason.empty()) return reason;
  const MapPairs pairs(pairing);
  if (pairs.places.empty())
    return pairing.target->model.name + " and " + pairing.sources.at(0).model.name +
           " have no stages behind the stem in common";
  for (std::size_t i = 0; i < pairs.places.size(); ++i) {
    if (!is_map(pairs.target[i])) return no_map(pairing.target->model, pairs.places[i]);
    if (!is_map(pairs.source[i])) return no_map(pairing.sources.at(0).model, pairs.places[i]);
  }
  return {};
}

std::string unlike_last_maps(const Pairing& pairing) {
  if (auto reason = pairing.unreadable(); !reason.empty()) return reason;
  for (const auto* model : {&pairing.target->model, &pairing.sources.at(0).model})
    if (model->features.empty() || !is_map(model->features.back()))
      return "the last feature of " + model->name + " is not a map";
  return {};
}

std::pair<Tensor, Tensor> equal_size(const Tensor& a, const Tensor& b) {
  const auto pooled = [](const Tensor& x, const Tensor& like) {
    const auto size = like.sizes().slice(2);
    return x.sizes().slice(2) == size ? x : at::adaptive_avg_pool2d(x, size);
  };
  return a.size(2) > b.size(2) ? std::pair{pooled(a, b), b} : std::pair{a, pooled(b, a)};
}

Tensor averaged(const Tensor& feature) {
  if (feature.dim() == 4) return feature.mean({2, 3});
  return feature.dim() == 3 ? feature.mean(1) : feature;
}

Tensor unit(const Tensor& x, std::int64_t axis, double eps) {
  const auto norm = at::linalg_vector_norm(x, 2, axis, /*keepdim=*/true);
  return x / (eps > 0 ? norm.clamp_min(eps) : norm);
}

}  // namespace ktb
