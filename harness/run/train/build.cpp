#include "run/train/build.hpp"

#include <fmt/core.h>
#include <torch/types.h>

#include <map>

#include "core/base/seed.hpp"
#include "run/control/control_feed.hpp"
#include "run/data/random.hpp"
#include "run/plugins/plain.hpp"
#include "run/train/safetensors.hpp"
#include "run/train/session_builder.hpp"

namespace ktb::run {
namespace {

using core::Json;

std::vector<std::string> sites(const Json& json, const char* key) {
  return json.value(key, std::vector<std::string>{});
}

/// Makes what a trial.json names; a class only to pass its surroundings around.
class Maker {
 public:
  Maker(const Json& spec, const Place& place, Registry& registry)
      : spec_(spec),
        place_(place),
        registry_(registry),
        seed_(spec.at("seed").get<std::uint64_t>()),
        axis_(data_request(spec.at("task"), spec.at("recipe"), seed_).axis + "/" +
              std::to_string(seed_)) {}

  std::unique_ptr<Session> session() {
    const auto& recipe = spec_.at("recipe");
    set_precision(recipe.at("precision"));
    SessionBuilder parts{.axis = axis_,
                         .device = place_.device,
                         .channels_last = recipe.value("channels_last", true),
                         .method = method(spec_.at("method")),
                         .task = task(spec_.at("task")),
                         .data = feed(spec_.at("task")),
                         .batch = recipe.at("batch").get<std::int64_t>(),
                         .recipe = recipe_from_json(recipe)};
    for (const auto& plus : spec_.at("plus"))
      parts.extras.push_back({method(plus), plus.at("weight").get<double>()});
    parts.task.train_size = parts.data->train_size();
    if (const auto& json = spec_.at("target"); !json.is_null())
      parts.target = target(json, parts.task);
    for (const auto& json : spec_.at("sources"))
      parts.sources.push_back(source(json, parts.sources.size()));
    return parts.build();
  }

 private:
  std::shared_ptr<Method> method(const Json& json) {
    Options options(values_from_json(json.at("options")));
    return registry_.method(json.at("plugin"), options);
  }

  std::shared_ptr<Dataset> dataset(const Json& task) {
    Options options(values_from_json(task.at("options")));
    return registry_.dataset(task.at("plugin"), options);
  }

  TaskSpec task(const Json& json) {
    const auto set = dataset(json);
    auto out = set->task(data_folder(*set, place_.data_dirs));
    out.name = json.at("dataset").get<std::string>();
    return pretext_spec(json.value("task", std::string()), out);
  }

  /// Equal tasks share one.
  std::shared_ptr<Feed> feed(const Json& task) {
    auto& known = feeds_[task.dump()];
    if (known) return known;
    const auto set = dataset(task);
    const auto folder = data_folder(*set, place_.data_dirs);
    auto request = data_request(task, spec_.at("recipe"), seed_);
    if (set->control())
      known = std::make_shared<ControlFeed>(set, folder, std::move(request), place_.device);
    else
      known = std::make_shared<ExampleFeed>(*set, folder, std::move(request), place_.device);
    return known;
  }

  /// Fresh weights on the CPU, whatever the device, so that all devices start alike.
  std::shared_ptr<Model> model(const Json& json, const TaskSpec& task, const std::string& seat) {
    const RandomScope random(at::kCPU, core::axis_seed({axis_, "init", seat}));
    Options options(values_from_json(json.at("options")));
    auto made = registry_.model(json.at("plugin"), task, options);
    if (const auto file = json.value("weights", std::string()); !file.empty())
      load_weights(*made, read_safetensors(file), file, made->head_name());
    return made;
  }

  Participant target(const Json& json, const TaskSpec& task) {
    const bool stored = !json.value("weights", std::string()).empty();
    auto made = measured(model(json, task, "target"), json.at("name"), json.at("plugin"),
                         stored ? Mode::kTrained : Mode::kNone);
    made.sites = sites(json, "into");
    return made;
  }

  Participant source(const Json& json, std::size_t number) {
    auto own = model(json, task(json.at("task")), fmt::format("source{}", number));
    if (const auto trial = json.value("trial", std::string()); !trial.empty()) {
      const auto file = place_.folder.beside(trial).weights().string();
      load_weights(*own, read_safetensors(file), file);
    }
    auto made =
        measured(std::move(own), json.at("name"), json.at("plugin"), mode_from(json.at("mode")));
    made.sites = sites(json, "from");
    made.data = [this, &json] { return feed(json.at("task")); };
    return made;
  }

  const Json& spec_;
  const Place& place_;
  Registry& registry_;
  const std::uint64_t seed_;
  const std::string axis_;
  std::map<std::string, std::shared_ptr<Feed>> feeds_;
};

}  // namespace

Recipe recipe_from_json(const Json& recipe) {
  const auto& optimizer = recipe.at("optimizer");
  Recipe out;
  out.optimizer = optimizer.at("name").get<std::string>();
  out.lr = optimizer.at("lr").get<double>();
  out.momentum = optimizer.value("momentum", 0.0);
  out.weight_decay = optimizer.value("weight_decay", 0.0);
  out.nesterov = optimizer.value("nesterov", false);
  const auto betas = optimizer.value("betas", std::vector<double>{0.9, 0.999});
  out.beta1 = betas.at(0);
  out.beta2 = betas.at(1);
  out.eps = optimizer.value("eps", 1e-8);
  out.clip = recipe.value("clip", 0.0);
  return out;
}

std::unique_ptr<Session> build_session(const Json& spec, const Place& place, Registry& registry) {
  return Maker(spec, place, registry).session();
}

}  // namespace ktb::run
