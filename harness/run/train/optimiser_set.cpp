#include "run/train/optimiser_set.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace ktb::run {

bool OptimiserSet::has(const Tensor& parameter) const {
  return std::ranges::any_of(all_, [&](const Optimiser& known) {
    return std::ranges::any_of(known.group().parameters,
                               [&](const Tensor& other) { return other.is_same(parameter); });
  });
}

void OptimiserSet::add(Group group, const Recipe& suite, const std::string& owner) {
  std::erase_if(group.parameters, [&](const Tensor& parameter) {
    return !parameter.requires_grad() || has(parameter);
  });
  if (group.parameters.empty()) return;
  all_.emplace_back(std::move(group), suite);
  owners_.push_back(owner);
}

void OptimiserSet::zero() {
  for (auto& optimiser : all_) optimiser.zero();
}

void OptimiserSet::step_automatic() {
  std::map<std::string, std::pair<double, std::vector<Tensor>>> owned;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i].group().manual || all_[i].recipe().clip <= 0) continue;
    auto& [most, gradients] = owned[owners_[i]];
    most = all_[i].recipe().clip;
    for (auto& gradient : all_[i].gradients()) gradients.push_back(gradient);
  }
  for (auto& [owner, entry] : owned) clip(entry.second, entry.first);
  for (auto& optimiser : all_)
    if (!optimiser.group().manual) optimiser.step();
}

void OptimiserSet::step_manual(const std::string& group) {
  std::vector<Optimiser*> chosen;
  std::vector<Tensor> gradients;
  for (auto& optimiser : all_) {
    if (!optimiser.group().manual || optimiser.group().name != group) continue;
    chosen.push_back(&optimiser);
    for (auto& gradient : optimiser.gradients()) gradients.push_back(gradient);
  }
  if (chosen.empty()) throw Error("the method has no manual group `" + group + "`");
  clip(gradients, chosen.back()->recipe().clip);
  for (auto* optimiser : chosen) optimiser->step();
}

}  // namespace ktb::run
