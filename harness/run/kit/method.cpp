#include <fmt/format.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "run/kit/conformance.hpp"
#include "run/kit/world.hpp"
#include "run/plugins/plain.hpp"
#include "run/train/cuda_module.hpp"
#include "run/train/host.hpp"
#include "run/train/record/recorded_steps.hpp"
#include "run/train/step.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {
namespace {

constexpr std::int64_t kSteps = 4;

/// A session with its step, as the trial's loop drives them.
class Run {
 public:
  Run(Registry& registry, const std::string& method, const KitPairing& pairing)
      : session(kit_session(registry, method, pairing)), step_(*session) {}

  void survey() { run::survey(*session, step_); }
  void snapshot(Snapshot all) {
    session->snapshot(all.in("session"));
    step_.snapshot(all.in("step"));
  }
  Tensor predicts() { return session->predict(session->data[0]->train_batch(0)); }
  bool learns() const { return !session->optimisers.empty(); }
  void steps(std::int64_t from, std::int64_t to) {
    if (!learns()) return;
    session->train(true);
    for (auto at = from; at < to; ++at) {
      wait_places(0);
      const auto before = waits(session->device);
      step_.begin(at);
      losses = train_step(*session, step_);
      waited = waits(session->device) - before;
      places = wait_places(kPlaces);
      demand(step_.index == at,
             fmt::format("it changed Step::index from {} to {}", at, step_.index));
      const double loss = losses.total.item<double>();
      demand(std::isfinite(loss), fmt::format("the loss of step {} is {}", at, loss));
    }
  }

  std::unique_ptr<Session> session;
  Losses losses;
  std::int64_t waited = 0;  ///< the host for the device, in the last step
  std::string places;       ///< and where, if somebody notes that

 private:
  std::string wait_places(std::size_t most) const {
    return session->device.is_cuda() ? cuda_module().wait_places(most) : "";
  }

  static constexpr std::size_t kPlaces = 20;
  LiveStep step_;
};

State named(const torch::nn::Module& module, const std::string& prefix) {
  State state;
  for (auto& [name, tensor] : state_of(module)) state.emplace_back(prefix + name, tensor);
  return state;
}

/// The leaves that a result depends on.
std::set<const void*> leaves_of(const Tensor& result) {
  std::set<const void*> leaves;
  std::set<torch::autograd::Node*> seen;
  std::vector<torch::autograd::Node*> open{result.grad_fn().get()};
  while (!open.empty()) {
    auto* node = open.back();
    open.pop_back();
    if (!node || !seen.insert(node).second) continue;
    if (const auto* leaf = dynamic_cast<torch::autograd::AccumulateGrad*>(node))
      leaves.insert(leaf->variable.unsafeGetTensorImpl());
    for (const auto& edge : node->next_edges()) open.push_back(edge.function.get());
  }
  return leaves;
}

/// Everything that could be deployed, with names.
std::vector<std::pair<std::string, Tensor>> all_parameters(const Session& session) {
  std::vector<std::pair<std::string, Tensor>> all;
  const auto add = [&](const torch::nn::Module* module, const std::string& prefix) {
    if (!module) return;
    for (const auto& item : module->named_parameters())
      all.emplace_back(prefix + item.key(), item.value());
  };
  add(session.transfer.target.get(), "target.");
  for (std::size_t i = 0; i < session.transfer.sources.size(); ++i)
    add(session.transfer.sources[i].get(), fmt::format("source{}.", i));
  add(session.method.get(), "method.");
  return all;
}

/// What RecordedSteps says after a step more than it takes to know: what is kept of a frozen source
/// has to be there first. Empty: nothing learns.
std::string told_of_recording(Registry& registry, const std::string& method,
                              const KitPairing& pairing) {
  const auto session = kit_session(registry, method, pairing);
  if (session->optimisers.empty()) return "";
  LiveStep step(*session);
  RecordedSteps steps(*session, step);
  run::survey(*session, step);
  session->train(true);
  const auto last = 2 * session->data[0]->steps_per_epoch() + 2 * kSteps;
  const auto unknown = steps.told();
  for (std::int64_t at = 0; at < last; ++at) {
    step.begin(at);
    steps.take(at);
    const auto told = steps.told();
    if (told != unknown && (!told.starts_with("yes") || !steps.compared())) break;
  }
  return steps.told();
}

/// One method on one pairing.
class MethodKit {
 public:
  MethodKit(Registry& registry, std::string name, KitPairing pairing, Report& report)
      : registry_(registry),
        name_(std::move(name)),
        pairing_(std::move(pairing)),
        report_(report) {}

  void run() {
    const auto check = [&](const char* what, void (MethodKit::*body)() const) {
      return report_.check(pairing_.text + ": " + what, [&] { (this->*body)(); });
    };
    if (!check("a few steps run", &MethodKit::runs)) return;
    if (waits(pairing_.device) >= 0) tell_waits();
    if (pairing_.device.is_cuda())
      check("recorded and replayed, its steps are its steps", &MethodKit::records);
    check("a gradient reaches what is trained", &MethodKit::reaches);
    check("a frozen source keeps every bit and gets no gradient", &MethodKit::leaves_source_alone);
    check("a source's head is not read where use() says so", &MethodKit::ignores_head);
    check("the same seed gives the same bytes, whatever was drawn before", &MethodKit::repeats);
    check("saved and loaded, it predicts and learns the same", &MethodKit::resumes);
    check("predict() gives finite outputs of the task's width", &MethodKit::predicts);
    check("figures() and pictures() can be asked for", &MethodKit::tells);
    check("deployed() is what predict() uses", &MethodKit::declares_deployed);
  }

 private:
  Run fresh() const { return Run(registry_, name_, pairing_); }
  Run trained(std::int64_t steps) const {
    auto run = fresh();
    run.survey();
    run.steps(0, steps);
    return run;
  }

  void runs() const {
    const auto run = trained(kSteps);
    demand(!run.learns() || !run.losses.terms.empty(), "losses() is empty");
  }

  void tell_waits() const {
    const auto run = trained(kSteps);
    if (!run.learns()) return;
    report_.note(fmt::format("{}: waits of the host: {} a step{}{}", pairing_.text, run.waited,
                             run.places.empty() ? "" : ", at\n", run.places));
  }

  void records() const {
    const auto told = told_of_recording(registry_, name_, pairing_);
    if (told.empty()) throw Skipped("nothing learns here");
    // Not a fault: such a method is slower, and its records say so.
    if (!told.starts_with("yes")) throw Skipped(told);
  }

  void reaches() const {
    const auto run = trained(1);
    if (!run.learns()) throw Skipped("nothing learns here");
    const auto reached = [](const Tensor& parameter) {
      return parameter.grad().defined() && parameter.grad().abs().max().item<double>() > 0;
    };
    for (const auto& optimiser : run.session->optimisers)
      if (const auto& learned = optimiser.group().parameters;
          std::any_of(learned.begin(), learned.end(), reached))
        return;
    throw Error("after a step every gradient is zero or missing: it can never learn");
  }

  void leaves_source_alone() const {
    auto run = fresh();
    const auto& session = *run.session;
    for (std::size_t i = 0; i < session.transfer.sources.size(); ++i) {
      if (session.learns(i) || !session.transfer.sources[i])
        throw Skipped("it has no frozen source here");
      const auto state = named(*session.transfer.sources[i], fmt::format("source{}.", i));
      const auto before = copy_of(state);
      run.survey();
      run.steps(0, kSteps);
      const auto moved = first_difference(state, before);
      demand(moved.empty(), moved + " has changed");
      for (const auto& parameter : session.transfer.sources[i]->parameters())
        demand(!parameter.grad().defined(), "it has a gradient");
    }
    if (session.transfer.sources.empty()) throw Skipped("it has no source");
  }

  void ignores_head() const {
    auto run = fresh();
    const auto& session = *run.session;
    bool some = false;
    for (std::size_t i = 0; i < session.transfer.sources.size(); ++i) {
      const auto& source = session.transfer.sources[i];
      const auto& use = session.uses[i];
      const bool site = use.sites && std::ranges::any_of(session.transfer.from[i], [&](auto& name) {
                          return source && source->is_head(name);
                        });
      if (!source || session.learns(i) || use.head || site) continue;
      some = true;
      for (auto& item : source->named_parameters())
        if (source->is_head(item.key())) item.value().detach().fill_(std::nan(""));
    }
    if (!some) throw Skipped("there is no such source here");
    const auto whole = trained(kSteps);
    run.survey();
    run.steps(0, kSteps);
    const auto moved = first_difference(whole.session->state(), run.session->state());
    demand(moved.empty(), moved + " depends on it; leave `head` of SourceUse true");
  }

  void repeats() const {
    torch::manual_seed(1);
    const auto first = trained(kSteps);
    torch::manual_seed(2);
    const auto second = trained(kSteps);
    const auto differs = first_difference(first.session->state(), second.session->state());
    demand(differs.empty(), differs +
                                " came out differently; draw random numbers where the harness "
                                "seeds them: in attach(), a step's hooks or Step::draw()");
  }

  void resumes() const {
    constexpr const char* kCure =
        "what must survive a checkpoint is a registered parameter or buffer";
    auto whole = trained(kSteps - 1);
    Snapshot kept;
    whole.snapshot(kept);
    auto resumed = fresh();
    demand(whole.session->state().size() == resumed.session->state().size(),
           "the state has another number of tensors at the start");
    resumed.session->train(true);
    resumed.snapshot(Snapshot(kept.tensors()));
    demand(whole.predicts().equal(resumed.predicts()),
           fmt::format("predict() answers differently; {}", kCure));
    for (auto at = kSteps - 1; at < kSteps + 2; ++at) {
      whole.steps(at, at + 1);
      resumed.steps(at, at + 1);
      const auto differs = first_difference(whole.session->state(), resumed.session->state());
      demand(differs.empty(),
             fmt::format("{} came out differently after step {}; {}", differs, at, kCure));
    }
  }

  void predicts() const {
    const auto run = trained(1);
    const auto batch = run.session->data[0]->train_batch(0);
    const auto prediction = run.session->predict(batch);
    demand(prediction.dim() >= 2 && prediction.size(0) == batch.size() &&
               prediction.size(1) == kit_task().outputs,
           fmt::format("expected [{}, {}]", batch.size(), kit_task().outputs));
    demand(prediction.isfinite().all().item<bool>(), "some output is not finite");
  }

  void tells() const {
    auto run = trained(1);
    run.session->figures();  // for a line of the curve nothing may have been predicted yet
    run.predicts();
    for (const auto& [name, value] : run.session->figures())
      demand(std::isfinite(value), fmt::format("the figure {} is {}", name, value));
    run.session->method->pictures();
  }

  void declares_deployed() const {
    const auto run = trained(1);
    auto& session = *run.session;
    for (auto& [name, parameter] : all_parameters(session)) parameter.set_requires_grad(true);
    session.train(false);
    const auto used = leaves_of(session.method->predict(session.data[0]->train_batch(0)));
    std::set<const void*> declared;
    for (const auto& parameter : session.method->deployed())
      declared.insert(parameter.unsafeGetTensorImpl());
    // What one batch uses of a method without a fixed graph is not all that it deploys.
    const bool fixed = session.method->graph_key(0).has_value();
    for (const auto& [name, parameter] : all_parameters(session)) {
      const auto* key = parameter.unsafeGetTensorImpl();
      demand(!used.contains(key) || declared.contains(key),
             "predict() uses " + name + ", which deployed() leaves out");
      demand(!fixed || used.contains(key) || !declared.contains(key),
             "deployed() has " + name + ", which predict() does not use");
    }
  }

  Registry& registry_;
  std::string name_;
  KitPairing pairing_;
  Report& report_;
};

std::vector<KitPairing> pairings_for(const MethodNeeds& needs, at::Device device) {
  std::vector<KitPairing> all;
  for (const auto mode : needs.modes) {
    if (mode == Mode::kNone) {
      all.push_back({"without a source", 4, 4, mode, 0});
      continue;
    }
    const auto sources = static_cast<std::size_t>(std::max(needs.least, 1));
    all.push_back({"unlike widths, source " + to_string(mode), 6, 4, mode, sources});
    all.push_back({"equal widths, source " + to_string(mode), 4, 4, mode, sources});
    if (needs.most == 0 && mode == needs.modes.front())
      all.push_back({"two sources more, " + to_string(mode), 4, 4, mode, sources + 2});
  }
  for (auto& one : all) one.device = device;
  return all;
}

}  // namespace

std::string recorded(Registry& registry, const std::string& method, at::Device device) {
  Options options;
  const auto needs = registry.method(method, options)->needs();
  for (const auto& pairing : pairings_for(needs, device)) {
    try {
      return told_of_recording(registry, method, pairing);
    } catch (const Skipped&) {
      continue;  // it does not suit the method; another may
    }
  }
  return "";
}

void test_method(Registry& registry, const std::string& name, at::Device device, Report& report) {
  std::shared_ptr<Method> method;
  Options options;
  const bool made = report.check("it can be made with its defaults", [&] {
    method = registry.method(name, options);
    demand(!method->needs().modes.empty(), "needs() names no mode");
  });
  if (!made) return;
  report.check("every option is documented", [&] { demand_help(options); });
  for (const auto& pairing : pairings_for(method->needs(), device))
    MethodKit(registry, name, pairing, report).run();
}

}  // namespace ktb::run
