#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <unistd.h>

#include <filesystem>

#include "run/data/random.hpp"
#include "run/kit/conformance.hpp"
#include "run/kit/world.hpp"
#include "run/plugins/sample_tasks.hpp"
#include "run/weights/fit.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {
namespace {

class ModelKit {
 public:
  /// `at` is put in front of each line of the report.
  ModelKit(Registry& registry, const std::string& name, const TaskSpec& task, at::Device device,
           const std::string& at, Report& report)
      : registry_(registry),
        name_(name),
        task_(task),
        device_(device),
        at_(at),
        report_(report),
        model_(make()) {}

  void run() {
    const auto check = [&](const char* what, void (ModelKit::*body)()) {
      report_.check(at_ + what, [&] { (this->*body)(); });
    };
    check("every option is documented", &ModelKit::documents);
    check("it has parameters, a head of its own name and a trunk", &ModelKit::has_head);
    check("its default sites exist and are matrices", &ModelKit::has_sites);
    check("trunk and head together are the model", &ModelKit::is_trunk_and_head);
    check("features go from shallow to deep, one batch first", &ModelKit::has_features);
    check("preact_norms() names normalisations of the maps' widths", &ModelKit::names_norms);
    check("the same seed gives the same weights", &ModelKit::repeats);
    check("weights saved and loaded give the same outputs", &ModelKit::reloads);
    check("in evaluation mode a batch of one is enough and nothing moves", &ModelKit::evaluates);
    check("in training mode every parameter gets a gradient", &ModelKit::trains);
    check("in evaluation mode a gradient can be asked for", &ModelKit::differentiates_frozen);
    if (batch(1).x.contains("tokens"))
      check("padding changes nothing, and an empty text is no trouble", &ModelKit::ignores_padding);
  }

 private:
  std::shared_ptr<Model> make(std::uint64_t seed = 1) {
    const RandomScope random(at::kCPU, seed);
    Options options;
    auto model = registry_.model(name_, task_, options);
    model->to(device_);
    return model;
  }
  Batch batch(std::int64_t size) const {
    auto made = kit_batch(task_, size, 3);
    for (auto& [name, x] : made.x) x = x.to(device_);
    return made;
  }

  void documents() {
    Options options;
    registry_.model(name_, task_, options);
    demand_help(options);
  }
  void has_head() {
    std::int64_t head = 0, trunk = 0;
    for (const auto& item : model_->named_parameters())
      (model_->is_head(item.key()) ? head : trunk) += item.value().numel();
    demand(head > 0,
           "no parameter's name starts with its head_name(), `" + model_->head_name() + "`");
    demand(trunk > 0, "it has no parameter outside its head");
  }
  void has_sites() {
    for (const auto& site : {model_->takes(), model_->gives()})
      demand(model_->site(site).dim() >= 2, "site `" + site + "` is no matrix");
  }
  void is_trunk_and_head() {
    const torch::NoGradGuard no_grad;
    model_->eval();
    const auto whole = (*model_)(batch(2));
    const auto apart = model_->head(model_->trunk(batch(2)));
    demand(whole.pred.equal(apart), "head(trunk(x)) differs from the model's prediction");
    const auto wanted = prediction_shape(task_, batch(2));
    demand(whole.pred.sizes().vec() == wanted,
           fmt::format("the prediction is [{}], expected [{}]", fmt::join(whole.pred.sizes(), ", "),
                       fmt::join(wanted, ", ")));
    demand(whole.pooled.defined() && whole.pooled.dim() == 2 && whole.pooled.size(0) == 2,
           "`pooled` must be [B, d]");
  }
  void has_features() {
    const torch::NoGradGuard no_grad;
    model_->eval();
    const auto output = (*model_)(batch(2));
    demand(!output.features.empty(), "there are none");
    std::int64_t height = INT64_MAX;
    for (std::size_t i = 0; i < output.features.size(); ++i) {
      const auto& map = output.features[i];
      demand(map.defined() && map.dim() >= 2 && map.size(0) == 2,
             fmt::format("feature {} does not begin with the batch", i));
      if (map.dim() != 4) continue;
      demand(map.size(2) <= height, fmt::format("feature {} is higher than the one before it", i));
      height = map.size(2);
    }
    demand(output.preacts.size() <= output.features.size(),
           "there are more `preacts` than `features`");
    for (std::size_t i = 0; i < output.preacts.size(); ++i)
      demand(
          !output.preacts[i].defined() || output.preacts[i].sizes() == output.features[i].sizes(),
          fmt::format("preacts and features differ in shape at {}", i));
  }
  void names_norms() {
    const torch::NoGradGuard no_grad;
    model_->eval();
    const auto output = (*model_)(batch(2));
    const auto norms = model_->preact_norms();
    demand(norms.size() <= output.features.size(), "there are more of them than `features`");
    for (std::size_t k = 0; k < norms.size(); ++k) {
      if (norms[k].empty()) continue;
      for (const auto* part : {".weight", ".bias"})
        demand(
            model_->site(norms[k] + part).numel() == output.before_activation(k).size(1),
            fmt::format("{}{} has not one number for each channel of map {}", norms[k], part, k));
    }
  }
  void repeats() {
    const auto differs = first_difference(state_of(*make(7)), state_of(*make(7)));
    demand(differs.empty(), differs + " differs");
  }
  void reloads() {
    const torch::NoGradGuard no_grad;
    const auto path =
        (std::filesystem::temp_directory_path() / fmt::format("ktb-kit-{}.safetensors", getpid()))
            .string();
    const auto other = make(8);
    model_->eval(), other->eval();
    write_safetensors(path, {state_of(*model_), {}});
    const auto notes = load_weights(*other, open_weights(path));
    std::filesystem::remove(path);
    demand(notes.empty(), notes.empty() ? "" : notes.front());
    demand((*model_)(batch(2)).pred.equal((*other)(batch(2)).pred),
           "outputs differ: something that matters is neither parameter nor buffer");
  }
  void evaluates() {
    const torch::NoGradGuard no_grad;
    model_->eval();
    const auto state = state_of(*model_);
    const auto before = copy_of(state);
    const auto once = (*model_)(batch(1)).pred, again = (*model_)(batch(1)).pred;
    demand(once.isfinite().all().item<bool>(), "some output is not finite");
    demand(once.equal(again), "two forwards differ");
    const auto moved = first_difference(state, before);
    demand(moved.empty(), moved + " has changed");
  }
  void trains() {
    const auto model = make();
    model->train();
    (*model)(batch(4)).pred.logsumexp(1).sum().backward();
    for (const auto& item : model->named_parameters())
      demand(item.value().grad().defined(), item.key() + " got none");
  }

  /// As of a source that a method only reads: its statistics stand still, its input may learn.
  void differentiates_frozen() {
    const auto model = make();
    model->eval();
    (*model)(batch(4)).pred.logsumexp(1).sum().backward();
    for (const auto& item : model->named_parameters())
      demand(item.value().grad().defined(), item.key() + " got none");
  }

  void ignores_padding() {
    const torch::NoGradGuard no_grad;
    model_->eval();
    auto texts = batch(3);
    texts.x["tokens"][2].zero_();
    const auto before = (*model_)(texts).pred;
    demand(before.isfinite().all().item<bool>(), "the prediction for an empty text is not finite");
    for (const auto* name : {"tokens", "segments"}) {
      if (!texts.x.contains(name)) continue;
      auto& ids = texts.x[name];
      ids = at::cat({ids, torch::zeros({ids.size(0), 4}, ids.options())}, 1);
    }
    const auto after = (*model_)(texts).pred.slice(-1, 0, before.size(-1));
    demand(torch::allclose(after, before, 1e-4, 1e-5), "padded further, texts get other results");
  }

  Registry& registry_;
  const std::string& name_;
  const TaskSpec& task_;
  at::Device device_;
  const std::string& at_;
  Report& report_;
  std::shared_ptr<Model> model_;
};

}  // namespace

void test_model(Registry& registry, const std::string& name, at::Device device, Report& report) {
  std::vector<TaskSpec> tasks;
  if (!report.check("it can be made with its defaults, and with what --option sets",
                    [&] { tasks = fitting_tasks(registry, name); }))
    return;
  for (const auto& task : tasks) {
    const auto at = tasks.size() > 1 ? task.kind + ": " : "";
    ModelKit(registry, name, task, device, at, report).run();
  }
}

}  // namespace ktb::run
