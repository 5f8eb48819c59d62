#include "ktb/control/control.hpp"

#include <utility>

namespace ktb {
namespace {

Learning learning_of(Options& o) {
  Learning l;
  l.learner = o.get("learner", "dqn",
                    "dqn: double Q-learning from a memory; ppo: policy and value, clipped updates",
                    {"dqn", "ppo"});
  l.copies = o.get("copies", 8, "copies of the environment that act side by side", {.least = 1});
  l.episodes = o.get("episodes", 100, "episodes of the test, of fixed seeds", {.least = 1});
  l.epoch_steps = o.get("epoch_steps", 1000, "learner's steps that make an epoch", {.least = 1});
  l.gamma = o.get("gamma", 0.99, "discount of later rewards", {.least = 0, .most = 1});
  l.memory = o.get("memory", 50000, "dqn: transitions that are kept", {.least = 1});
  l.warmup = o.get("warmup", 1000, "dqn: transitions of random actions first", {.least = 1});
  l.transitions = o.get("transitions", 8,
                        "dqn: new transitions from one learner's step to the next", {.least = 1});
  l.explore =
      o.get("explore", 0.05, "dqn: share of random actions in the end", {.least = 0, .most = 1});
  l.explore_over =
      o.get("explore_over", 20000, "dqn: transitions over which it falls from 1", {.least = 1});
  l.sync =
      o.get("sync", 100, "dqn: learner's steps between copies of the target network", {.least = 1});
  l.n_step =
      o.get("n_step", 3, "dqn: rewards that are added up before a state's value", {.least = 1});
  l.double_q =
      o.get("double_q", true, "dqn: the learning network chooses the action whose value counts");
  l.horizon = o.get("horizon", 128, "ppo: steps of each copy between updates", {.least = 1});
  l.passes = o.get("passes", 4, "ppo: over what was gathered", {.least = 1});
  l.gae = o.get("gae", 0.95, "ppo: decay of the advantage estimate", {.least = 0, .most = 1});
  l.clip = o.get("clip", 0.2, "ppo: how far the ratio of policies counts", {.least = 0});
  l.value_weight = o.get("value_weight", 0.5, "ppo: of the value's squared error", {.least = 0});
  l.entropy = o.get("entropy", 0.01, "ppo: weight of the policy's entropy", {.least = 0});
  return l;
}

}  // namespace

ControlDataset::ControlDataset(Options& options, World world)
    : world_(std::move(world)), learning_(learning_of(options)) {
  world_.limit =
      options.get("limit", world_.limit, "steps after which an episode is cut off", {.least = 1});
}

ControlDataset::~ControlDataset() = default;

TaskSpec ControlDataset::task(const DataFolder&) const {
  TaskSpec spec;
  spec.name = world_.name;
  spec.inputs.resize(1);
  spec.inputs[0].name = "state";
  spec.inputs[0].shape = world_.shape;
  spec.inputs[0].space = world_.space;
  spec.outputs = static_cast<std::int64_t>(world_.actions.size());
  spec.labels = world_.labels;
  spec.kind = "control";
  if (learning_.learner == "ppo") {
    spec.kind = "actor_critic";
    ++spec.outputs;
  }
  spec.test_size = learning_.episodes;
  return spec;
}

std::string ControlDataset::get() const {
  return world_.name + " is an environment of ktbench itself: there is nothing to get";
}

Split ControlDataset::load(const DataFolder&, const std::string&) const {
  throw Error(world_.name + " is an environment: it has no examples to load");
}

std::vector<double> levels(Options& options, const std::string& name, double most) {
  const auto count = options.get(name, 5, "even levels of the action, which is a real number",
                                 {.least = 2, .most = 1000});
  std::vector<double> all;
  for (std::int64_t i = 0; i < count; ++i)
    all.push_back(most * (2.0 * static_cast<double>(i) / static_cast<double>(count - 1) - 1));
  return all;
}

}  // namespace ktb
