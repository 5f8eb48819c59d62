// Reference cases of environments: stored states, actions and random numbers in, transitions out.
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cctype>
#include <deque>

#include "ktb/control/control.hpp"
#include "run/check/check.hpp"

namespace ktb::run {
namespace {

std::vector<double> doubles(const Tensor& tensor) {
  const auto flat = tensor.to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

/// Hands out what was put in.
class StoredDraws final : public Draws {
 public:
  void put(double value) { values_.push_back(value); }
  double uniform() override {
    if (values_.empty()) throw Error("it draws more random numbers than the original");
    const double value = values_.front();
    values_.pop_front();
    return value;
  }
  std::int64_t whole(std::int64_t least, std::int64_t most) override {
    const auto value = static_cast<std::int64_t>(uniform());
    if (value < least || value > most)
      throw Error(
          fmt::format("it draws from {} .. {} where the original drew {}", least, most, value));
    return value;
  }
  bool used_up() const { return values_.empty(); }

 private:
  std::deque<double> values_;
};

/// Rows of what a run of steps gave.
class Log {
 public:
  Log(const Environment& environment, const World& world) : environment_(environment) {
    std::size_t size = 1;
    for (const auto extent : world.shape) size *= static_cast<std::size_t>(extent);
    seen_.resize(size);
  }

  void add_state() {
    environment_.observe(seen_.data());
    observations_.push_back(at::tensor(seen_, at::kDouble));
    states_.push_back(at::tensor(environment_.state(), at::kDouble));
  }
  void add(const Outcome& outcome) {
    rewards_.push_back(outcome.reward);
    ends_.push_back(outcome.terminated);
    add_state();
  }

  Tensor observations() const { return at::stack(observations_); }
  Tensor states() const { return at::stack(states_); }
  Tensor rewards() const { return at::tensor(rewards_, at::kDouble); }
  Tensor ends() const { return at::tensor(ends_, at::kLong); }

 private:
  const Environment& environment_;
  std::vector<double> seen_, rewards_;
  std::vector<std::int64_t> ends_;
  std::vector<Tensor> observations_, states_;
};

/// Constants under the plugin's names: LINK_MASS_2 of the original is link_mass_2.
core::Json options_of(const StoredCase& stored) {
  core::Json options = core::Json::object();
  const auto changes = stored.option("change", core::Json::object());
  for (const auto& [name, value] : changes.items()) {
    auto own = name;
    std::ranges::transform(own, own.begin(), [](unsigned char c) { return std::tolower(c); });
    options[own] = value;
  }
  for (const auto* name : {"ramping", "sticky"})
    if (stored.options.contains(name)) options[name] = stored.option<core::Json>(name);
  return options;
}

/// Independent steps, or one episode from a start state.
Tensors classic(const StoredCase& stored, Environment& environment, const World& world) {
  StoredDraws none;
  Log log(environment, world);
  const Tensor states = stored.optional_input("state");
  if (!states.defined()) environment.set_state(doubles(stored.input("start_state")));
  const auto actions = doubles(stored.input("action"));
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (states.defined()) environment.set_state(doubles(states[static_cast<std::int64_t>(i)]));
    log.add(environment.step(actions[i], none));
  }
  return {{states.defined() ? "out.next_state" : "out.states", log.states()},
          {"out.observation", log.observations()},
          {"out.reward", log.rewards()},
          {"out.terminated", log.ends()}};
}

/// [N, ceil(cells / 8)] uint8 of zeros and ones [N, cells], most significant bit first.
Tensor packed(const Tensor& cells) {
  const auto bytes = (cells.size(1) + 7) / 8;
  const auto padded =
      torch::constant_pad_nd(cells, {0, bytes * 8 - cells.size(1)}).view({-1, bytes, 8});
  const auto worth = at::tensor({128, 64, 32, 16, 8, 4, 2, 1}, at::kDouble);
  return (padded * worth).sum(2);
}

Tensors game(const StoredCase& stored, Environment& environment, const World& world) {
  const auto values = doubles(stored.input("draws"));
  const auto steps = doubles(stored.input("draw_step"));
  const Tensor sticky = stored.optional_input("sticky_draws");
  StoredDraws draws;
  std::size_t next = 0;
  const auto deal = [&](double step) {
    for (; next < values.size() && steps[next] == step; ++next) draws.put(values[next]);
  };
  Log log(environment, world);
  deal(-1);
  environment.reset(draws);
  log.add_state();
  const auto actions = doubles(stored.input("action"));
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (sticky.defined()) draws.put(sticky[static_cast<std::int64_t>(i)].item<double>());
    deal(static_cast<double>(i));
    log.add(environment.step(actions[i], draws));
    if (!draws.used_up()) throw Error(fmt::format("it draws too few random numbers at step {}", i));
  }
  auto seen = packed(log.observations());
  if (const Tensor rows = stored.optional_input("observation_steps"); rows.defined())
    seen = seen.index_select(0, rows);
  const auto states = log.states();
  const auto fields = stored.option("internal_fields", std::vector<std::string>{}).size();
  return {{"out.observation_bits", seen},
          {"out.reward", log.rewards()},
          {"out.terminal", log.ends()},
          {"out.internal", states.slice(1, 0, static_cast<std::int64_t>(fields))},
          {"out.executed_action", states.slice(0, 1).select(1, -1)}};
}

}  // namespace

Answers answer_environment(Registry& registry, const StoredCase& stored) {
  const auto name = stored.method.substr(std::string("env_").size());
  if (!registry.knows("dataset", name)) return {};
  Options options(values_from_json(options_of(stored)));
  const auto dataset = registry.dataset(name, options);
  const auto* control = dataset->control();
  if (!control) throw Error("the data set " + name + " is no environment");
  const auto environment = control->environment();
  const bool is_game = stored.has("in.draws");
  return (is_game ? game : classic)(stored, *environment, control->world());
}

}  // namespace ktb::run
