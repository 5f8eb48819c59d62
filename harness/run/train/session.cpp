#include "run/train/session.hpp"

#include <fmt/core.h>
#include <torch/utils.h>

#include <algorithm>
#include <map>

#include "core/base/seed.hpp"
#include "run/data/random.hpp"

namespace ktb::run {
namespace {

void list(const torch::nn::Module& module, const std::string& prefix, State& into) {
  for (const auto& item : module.named_parameters())
    into.emplace_back(prefix + item.key(), item.value());
  for (const auto& item : module.named_buffers())
    into.emplace_back(prefix + item.key(), item.value());
}

/// Trunk and head apart, so that a recipe can treat them apart.
std::pair<Group, Group> split(const Model& model, const std::string& owner) {
  Group trunk, head;
  trunk.name = owner + ".trunk", head.name = owner + ".head";
  for (const auto& item : model.named_parameters())
    (model.is_head(item.key()) ? head : trunk).parameters.push_back(item.value());
  return {std::move(trunk), std::move(head)};
}

}  // namespace

std::vector<Method*> Session::methods() const {
  std::vector<Method*> all{method.get()};
  for (const auto& extra : extras) all.push_back(extra.method.get());
  return all;
}

bool Session::learns(std::size_t source) const {
  return transfer.sources[source] && (transfer.pairing.joint(source) || uses[source].trains_head);
}

void Session::attach() {
  for (std::size_t i = 0; i < transfer.sources.size(); ++i) {
    const auto& source = transfer.sources[i];
    if (!source) continue;
    for (auto& item : source->named_parameters())
      item.value().set_requires_grad(transfer.pairing.joint(i) ||
                                     (uses[i].trains_head && source->is_head(item.key())));
  }
  int number = 0;
  for (auto* one : methods()) {
    const RandomScope random(at::kCPU, core::axis_seed({axis, "init", "method"}, number++));
    one->bind(transfer);
    one->to(device);
  }
}

void Session::add_group(Group group, const Recipe& suite) {
  std::erase_if(group.parameters, [&](const Tensor& parameter) {
    if (!parameter.requires_grad()) return true;
    return std::any_of(optimisers_.begin(), optimisers_.end(), [&](const Optimiser& known) {
      const auto& taken = known.group().parameters;
      return std::any_of(taken.begin(), taken.end(),
                         [&](const Tensor& other) { return other.is_same(parameter); });
    });
  });
  if (group.parameters.empty()) return;
  optimisers_.emplace_back(std::move(group), suite);
  owners_.push_back(owner_);
}

void Session::make_optimisers(const Recipe& suite) {
  owner_ = "target";  // what a method learns is clipped with the target, whose loss it serves
  for (auto* one : methods()) {
    for (auto& group : one->groups()) add_group(std::move(group), suite);
    Group rest;
    rest.name = "method";
    rest.parameters = one->parameters();
    add_group(std::move(rest), suite);
  }
  const auto add = [&](const Model& model, const std::string& owner) {
    owner_ = owner;
    auto [trunk, head] = split(model, owner);
    add_group(std::move(trunk), suite);
    add_group(std::move(head), suite);
  };
  if (transfer.target) add(*transfer.target, "target");
  for (std::size_t i = 0; i < transfer.sources.size(); ++i)
    if (learns(i)) add(*transfer.sources[i], fmt::format("source{}", i));
}

void Session::train(bool on) {
  if (transfer.target) transfer.target->train(on);
  for (std::size_t i = 0; i < transfer.sources.size(); ++i)
    if (transfer.sources[i]) transfer.sources[i]->train(on && transfer.pairing.joint(i));
  for (auto* one : methods()) one->train(on);
}

Tensor Session::predict(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  train(false);
  return method->predict(batch);
}

Actor Session::actor(std::size_t lane) {
  const auto tensors = [](const State& state) {
    std::vector<Tensor> all;
    for (const auto& [name, tensor] : state) all.push_back(tensor);
    return all;
  };
  const auto own = std::find(source_lane.begin(), source_lane.end(), lane);
  if (lane == 0 || own == source_lane.end())
    return {[this](const Batch& batch) {
              auto out = predict(batch);
              train(true);
              return out;
            },
            [this, tensors] { return tensors(weights()); }};
  auto* model = transfer.sources[own - source_lane.begin()].get();
  return {[this, model](const Batch& batch) {
            const torch::NoGradGuard no_grad;
            model->eval();
            auto out = (*model)(batch).pred;
            train(true);
            return out;
          },
          [model, tensors] {
            State state;
            list(*model, "", state);
            return tensors(state);
          }};
}

std::size_t Session::lane_of(Seat seat) const {
  return seat == kTarget ? 0 : source_lane.at(static_cast<std::size_t>(seat));
}

State Session::weights() const {
  State out;
  if (transfer.target) list(*transfer.target, "target.", out);
  for (std::size_t i = 0; i < transfer.sources.size(); ++i)
    if (learns(i)) list(*transfer.sources[i], fmt::format("source{}.", i), out);
  int number = 0;
  for (auto* one : methods()) list(*one, fmt::format("method{}.", number++), out);
  return out;
}

State Session::state() const {
  auto out = weights();
  for (std::size_t i = 0; i < optimisers_.size(); ++i)  // several groups may have one name
    for (auto& [name, tensor] : optimisers_[i].state())
      out.emplace_back(fmt::format("optimiser{}.{}", i, name), std::move(tensor));
  return out;
}

void Session::step_automatic() {
  std::map<std::string, std::pair<double, std::vector<Tensor>>> owned;
  for (std::size_t i = 0; i < optimisers_.size(); ++i) {
    if (optimisers_[i].group().manual || optimisers_[i].recipe().clip <= 0) continue;
    auto& [most, gradients] = owned[owners_[i]];
    most = optimisers_[i].recipe().clip;
    for (auto& gradient : optimisers_[i].gradients()) gradients.push_back(gradient);
  }
  for (auto& [owner, entry] : owned) clip(entry.second, entry.first);
  for (auto& optimiser : optimisers_)
    if (!optimiser.group().manual) optimiser.step();
}

void Session::step_manual(const std::string& group) {
  std::vector<Tensor> gradients;
  double most = 0;
  bool found = false;
  for (const auto& optimiser : optimisers_) {
    if (!optimiser.group().manual || optimiser.group().name != group) continue;
    found = true, most = optimiser.recipe().clip;
    for (auto& gradient : optimiser.gradients()) gradients.push_back(gradient);
  }
  if (!found) throw Error("the method has no manual group `" + group + "`");
  clip(gradients, most);
  for (auto& optimiser : optimisers_)
    if (optimiser.group().manual && optimiser.group().name == group) optimiser.step();
}

}  // namespace ktb::run
