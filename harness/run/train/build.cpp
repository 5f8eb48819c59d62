#include "run/train/build.hpp"

#include <fmt/core.h>
#include <torch/types.h>

#include <map>

#include "core/base/seed.hpp"
#include "core/store/weights.hpp"
#include "run/control/control_feed.hpp"
#include "run/data/random.hpp"
#include "run/plugins/open_dataset.hpp"
#include "run/plugins/plain.hpp"
#include "run/train/session_builder.hpp"
#include "run/weights/fit.hpp"

namespace ktb::run {
namespace {

/// Makes what a trial.json names; a class only to pass its surroundings around.
class Maker {
 public:
  Maker(const core::TrialSpec& spec, const Place& place, Registry& registry)
      : spec_(spec),
        place_(place),
        registry_(registry),
        axis_(data_request(spec.task, spec.recipe, spec.seed).axis + "/" +
              std::to_string(spec.seed)) {}

  std::unique_ptr<Session> session() {
    const core::Recipe& recipe = spec_.recipe;
    set_precision(core::word(recipe.precision));
    SessionBuilder parts{.axis = axis_,
                         .device = place_.device,
                         .channels_last = recipe.channels_last,
                         .fold_frozen = recipe.frozen != core::Frozen::kPlain,
                         .frozen_in_bf16 = recipe.frozen == core::Frozen::kBf16,
                         .method = method(spec_.method),
                         .method_name = spec_.method.plugin,
                         .task = task(spec_.task),
                         .data = feed(spec_.task),
                         .batch = recipe.batch,
                         .recipe = recipe_of(recipe)};
    for (const auto& plus : spec_.plus)
      parts.extras.push_back({method(plus), plus.weight, plus.plugin});
    parts.task.train_size = parts.data->train_size();
    if (spec_.target) parts.target = target(*spec_.target, parts.task);
    for (const auto& ref : spec_.sources)
      parts.sources.push_back(source(ref, parts.sources.size()));
    if (recipe.frozen == core::Frozen::kBf16)
      warnings_.emplace_back("its frozen source is computed in bf16, normalisations folded in");
    auto session = parts.build();
    session->warnings = std::move(warnings_);
    return session;
  }

 private:
  std::shared_ptr<Method> method(const core::MethodRef& ref) {
    Options options(values_from_json(ref.options));
    return registry_.method(ref.plugin, options);
  }

  std::shared_ptr<Dataset> dataset(const core::TaskRef& ref) {
    return open_dataset(registry_, ref.plugin, ref.options, place_.data_dirs, place_.shelf);
  }

  TaskSpec task(const core::TaskRef& ref) {
    const auto set = dataset(ref);
    auto out = set->task(data_folder(*set, place_.data_dirs));
    out.name = ref.dataset;
    return pretext_spec(ref.task, out);
  }

  /// Equal tasks share one.
  std::shared_ptr<Feed> feed(const core::TaskRef& ref) {
    auto& known = feeds_[core::write_json(ref).dump()];
    if (known) return known;
    const auto set = dataset(ref);
    const auto folder = data_folder(*set, place_.data_dirs);
    auto request = data_request(ref, spec_.recipe, spec_.seed);
    if (set->control())
      known = std::make_shared<ControlFeed>(set, folder, std::move(request), place_.device);
    else
      known = std::make_shared<ExampleFeed>(*set, folder, std::move(request), place_.device);
    return known;
  }

  /// Fresh weights on the CPU, whatever the device, so that all devices start alike.
  std::shared_ptr<Model> model(const core::ModelRef& ref, const TaskSpec& task,
                               const std::string& seat) {
    const RandomScope random(at::kCPU, core::axis_seed({axis_, "init", seat}));
    Options options(values_from_json(ref.options));
    auto made = registry_.model(ref.plugin, task, options);
    if (!ref.weights.empty())
      for (const auto& warning :
           load_weights(*made, open_weights(ref.weights), ref.prefix, made->head_name()))
        warnings_.push_back(fmt::format("{}: {}", ref.name, warning));
    return made;
  }

  Participant target(const core::ModelRef& ref, const TaskSpec& task) {
    auto made = measured(model(ref, task, "target"), ref.name, ref.plugin,
                         ref.weights.empty() ? Mode::kNone : Mode::kTrained);
    made.sites = ref.into;
    return made;
  }

  /// What another trial made. Its file may have been harmed since, even so that it still reads.
  static void load_source(Model& model, const core::TrialFolder& made) {
    if (const auto fault = core::weights_fault(made, core::recorded_weights(made)))
      throw Error(*fault);
    const auto file = made.weights().string();
    load_weights(model, open_weights(file));
  }

  Participant source(const core::SourceRef& ref, std::size_t number) {
    auto own = model(ref, task(ref.task), fmt::format("source{}", number));
    if (!ref.trial.empty()) load_source(*own, place_.folder.beside(ref.trial));
    auto made = measured(std::move(own), ref.name, ref.plugin, mode_of(ref.mode));
    made.sites = ref.from;
    made.data = [this, &ref] { return feed(ref.task); };
    return made;
  }

  const core::TrialSpec& spec_;
  const Place& place_;
  Registry& registry_;
  const std::string axis_;
  std::map<std::string, std::shared_ptr<Feed>> feeds_;
  std::vector<std::string> warnings_;
};

}  // namespace

Recipe recipe_of(const core::Recipe& recipe) {
  const core::Optimizer& optimizer = recipe.optimizer;
  Recipe out;
  out.optimizer = optimizer.name;
  out.lr = optimizer.lr;
  out.momentum = optimizer.momentum;
  out.weight_decay = optimizer.weight_decay;
  out.nesterov = optimizer.nesterov;
  out.beta1 = optimizer.betas[0];
  out.beta2 = optimizer.betas[1];
  out.eps = optimizer.eps;
  out.clip = recipe.clip;
  return out;
}

std::unique_ptr<Session> build_session(const core::TrialSpec& spec, const Place& place,
                                       Registry& registry) {
  return Maker(spec, place, registry).session();
}

}  // namespace ktb::run
