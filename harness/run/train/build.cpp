#include "run/train/build.hpp"

#include <fmt/core.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>

#include "core/base/seed.hpp"
#include "run/control/control_feed.hpp"
#include "run/data/random.hpp"
#include "run/plugins/plain.hpp"
#include "run/train/safetensors.hpp"

namespace ktb::run {
namespace {

using core::Json;

/// Assembles one session; a class only to pass its parts around.
class Builder {
 public:
  Builder(const Json& spec, const Place& place, Registry& registry)
      : spec_(spec), place_(place), registry_(registry), session_(std::make_unique<Session>()) {
    session_->device = place.device;
    seed_ = spec.at("seed").get<std::uint64_t>();
    session_->axis =
        data_request(spec.at("task"), spec.at("recipe"), seed_).axis + "/" + std::to_string(seed_);
  }

  std::unique_ptr<Session> build() {
    set_precision(spec_.at("recipe").at("precision"));
    make_methods();
    add_lane(spec_.at("task"));
    auto& pairing = session_->transfer.pairing;
    pairing.task = task_of(spec_.at("task"));
    pairing.task.train_size = session_->data[0]->train_size();
    make_target();
    for (const auto& source : spec_.at("sources")) make_source(source);
    start_target();
    session_->transfer.labels = session_->data[0]->train_labels();
    session_->transfer.budget = {spec_.at("recipe").at("batch").get<std::int64_t>(),
                                 session_->data[0]->steps_per_epoch()};
    refuse_unsuited();
    session_->attach();
    session_->make_optimisers(recipe_from_json(spec_.at("recipe")));
    return std::move(session_);
  }

 private:
  std::shared_ptr<Method> make_method(const Json& json) {
    Options options(values_from_json(json.at("options")));
    return registry_.method(json.at("plugin"), options);
  }

  void make_methods() {
    session_->method = make_method(spec_.at("method"));
    for (const auto& plus : spec_.at("plus"))
      session_->extras.push_back({make_method(plus), plus.at("weight").get<double>()});
  }

  std::shared_ptr<Dataset> dataset_of(const Json& task) {
    Options options(values_from_json(task.at("options")));
    return registry_.dataset(task.at("plugin"), options);
  }

  TaskSpec task_of(const Json& task) {
    const auto dataset = dataset_of(task);
    auto out = dataset->task(data_folder(*dataset, place_.data_dirs));
    out.name = task.at("dataset").get<std::string>();
    return pretext_spec(task.value("task", std::string()), out);
  }

  /// The lane of a task's batches; equal tasks share one.
  std::size_t add_lane(const Json& task) {
    const auto key = task.dump();
    if (const auto known = lanes_.find(key); known != lanes_.end()) return known->second;
    const auto dataset = dataset_of(task);
    const auto folder = data_folder(*dataset, place_.data_dirs);
    auto request = data_request(task, spec_.at("recipe"), seed_);
    if (dataset->control())
      session_->data.push_back(
          std::make_shared<ControlFeed>(dataset, folder, std::move(request), place_.device));
    else
      session_->data.push_back(
          std::make_shared<ExampleFeed>(*dataset, folder, std::move(request), place_.device));
    return lanes_[key] = session_->data.size() - 1;
  }

  /// Fresh weights on the CPU, whatever the device, so that all devices start alike.
  std::shared_ptr<Model> make_model(const Json& json, const TaskSpec& task,
                                    const std::string& seat) {
    const RandomScope random(at::kCPU, core::axis_seed({session_->axis, "init", seat}));
    Options options(values_from_json(json.at("options")));
    auto model = registry_.model(json.at("plugin"), task, options);
    if (const auto file = json.value("weights", std::string()); !file.empty())
      load_weights(*model, read_safetensors(file), file, model->head_name());
    return model;
  }

  void to_device(Model& model) const {
    model.to(place_.device);
    if (!spec_.at("recipe").value("channels_last", true)) return;
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model.parameters())
      if (parameter.dim() == 4)
        parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }

  static std::vector<std::string> sites(const Json& json, const char* key,
                                        const std::string& fallback) {
    auto out = json.value(key, std::vector<std::string>{});
    return out.empty() ? std::vector<std::string>{fallback} : out;
  }

  void make_target() {
    const auto& json = spec_.at("target");
    if (json.is_null()) return;
    auto& transfer = session_->transfer;
    transfer.target = make_model(json, transfer.pairing.task, "target");
    transfer.into = sites(json, "into", transfer.target->takes());
    const bool stored = !json.value("weights", std::string()).empty();
    transfer.pairing.target = Pairing::Party{
        transfer.pairing.task, measure(*transfer.target, json.at("name"), json.at("plugin")),
        stored ? Mode::kTrained : Mode::kNone};
    to_device(*transfer.target);
  }

  void make_source(const Json& json) {
    auto& transfer = session_->transfer;
    const auto number = transfer.sources.size();
    const auto use = session_->method->use(number);
    const auto mode = mode_from(json.at("mode"));
    auto task = task_of(json.at("task"));
    auto model = make_model(json, task, fmt::format("source{}", number));
    if (const auto trial = json.value("trial", std::string()); !trial.empty()) {
      const auto file = place_.folder.beside(trial).weights().string();
      load_weights(*model, read_safetensors(file), file);
    }
    transfer.pairing.sources.push_back(
        {task, measure(*model, json.at("name"), json.at("plugin")), mode});
    transfer.from.push_back(sites(json, "from", model->gives()));
    to_device(*model);
    transfer.sources.push_back(std::move(model));
    session_->uses.push_back(use);
    // A frozen source learns nothing from its own batches, so its data stay closed.
    const bool draws = use.batches && transfer.pairing.joint(number);
    session_->source_lane.push_back(draws ? add_lane(json.at("task")) : 0);
  }

  void start_target() {
    auto& transfer = session_->transfer;
    for (std::size_t i = 0; i < session_->uses.size(); ++i) {
      if (session_->uses[i].starts_target &&
          copy_trunk(*transfer.sources[i], *transfer.target) == 0)
        throw Error("no weight of source " + transfer.pairing.sources[i].model.name +
                    " fits the target");
      if (!session_->uses[i].model) transfer.sources[i].reset();
    }
  }

  void refuse_unsuited() const {
    const auto check = [&](const Method& method) {
      if (const auto why = method.unsuited(session_->transfer.pairing); !why.empty())
        throw Error("the method does not suit this pairing: " + why);
    };
    check(*session_->method);
    for (const auto& extra : session_->extras) check(*extra.method);
  }

  const Json& spec_;
  const Place& place_;
  Registry& registry_;
  std::unique_ptr<Session> session_;
  std::uint64_t seed_ = 0;
  std::map<std::string, std::size_t> lanes_;
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
  return Builder(spec, place, registry).build();
}

}  // namespace ktb::run
