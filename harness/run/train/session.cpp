#include "run/train/session.hpp"

#include <fmt/core.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/score/metrics.hpp"
#include "ktb/error.hpp"
#include "run/train/hook.hpp"

namespace ktb::run {
namespace {

void list(const torch::nn::Module& module, const std::string& prefix, State& into) {
  for (const auto& item : module.named_parameters())
    into.emplace_back(prefix + item.key(), item.value());
  for (const auto& item : module.named_buffers())
    into.emplace_back(prefix + item.key(), item.value());
}

}  // namespace

std::vector<Tensor> copy_of(const State& state) {
  std::vector<Tensor> all;
  for (const auto& [name, tensor] : state) all.push_back(tensor.detach().clone());
  return all;
}

void restore(const State& state, const std::vector<Tensor>& copies) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < state.size(); ++i) state[i].second.detach().copy_(copies[i]);
}

std::vector<Method*> Session::methods() const {
  std::vector<Method*> all{method.get()};
  for (const auto& extra : extras) all.push_back(extra.method.get());
  return all;
}

bool Session::learns(std::size_t source) const {
  return transfer.sources[source] && (transfer.pairing.joint(source) || uses[source].trains_head);
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
  const Hook hook("predict", method_name);
  return method->predict(batch);
}

std::map<std::string, double> Session::figures() {
  const torch::NoGradGuard no_grad;
  train(false);
  const Hook hook("figures", method_name);
  auto figures = method->figures();
  for (const auto& [name, value] : figures)
    if (name == "loss" || core::is_known_metric(name))
      throw Error(fmt::format("`{}` is the name of a metric: call the figure otherwise", name));
  return figures;
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
  int number = 0;  // several groups may have one name
  for (const auto& optimiser : optimisers) {
    for (auto& [name, tensor] : optimiser.state())
      out.emplace_back(fmt::format("optimiser{}.{}", number, name), std::move(tensor));
    ++number;
  }
  return out;
}

void Session::snapshot(Snapshot snapshot) {
  auto tensors = snapshot.in("state");
  for (const auto& [name, tensor] : state()) tensors.in_place(name, tensor);
  for (std::size_t i = 0; i < data.size(); ++i)
    data[i]->snapshot(snapshot.in(fmt::format("lane{}", i)));
}

}  // namespace ktb::run
