#include "run/predict/predict.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>
#include <ostream>
#include <vector>

#include "core/base/json_file.hpp"
#include "core/base/output/csv.hpp"
#include "core/base/text_file.hpp"
#include "core/store/record.hpp"
#include "ktb/files/picture.hpp"
#include "run/data/augment.hpp"
#include "run/data/example_feed.hpp"
#include "run/plugins/open_dataset.hpp"
#include "run/plugins/plain.hpp"
#include "run/weights/fit.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {
namespace {

/// Pictures that are in memory at once.
constexpr std::size_t kAtOnce = 256;
/// Top-1 of other kernels differs by single examples.
constexpr double kTolerance = 0.005;

class Predictor {
 public:
  Predictor(const core::TrialSpec& spec, const Place& place, Registry& registry)
      : spec_(spec),
        place_(place),
        dataset_(open_dataset(registry, spec.task.plugin, spec.task.options, place.data_dirs)),
        folder_(data_folder(*dataset_, place.data_dirs)),
        task_(pretext_spec(spec.task.task, dataset_->task(folder_))) {
    if (task_.kind != "classification")
      throw Error("`" + spec.task.dataset + "` is a task of " + task_.kind +
                  ": only of classification there are class probabilities");
    if (!spec.target) throw Error("the hub itself predicts in this trial: there is no target");
    set_precision(core::word(spec.recipe.precision));
    Options options(values_from_json(spec.target->options));
    model_ = registry.model(spec.target->plugin, task_, options);
    const auto file = place.folder.weights().string();
    load_weights(*model_, open_weights(file));
    model_->to(place.device);
    model_->eval();
  }

  void test_split(std::ostream& out) {
    ExampleFeed feed(*dataset_, folder_, data_request(spec_.task, spec_.recipe, spec_.seed),
                     place_.device);
    std::vector<Tensor> parts;
    const auto meter = feed.judge(Feed::Part::kTest, [&](const Batch& batch) {
      const auto prediction = predicted(batch);
      parts.push_back(probabilities(prediction));
      return prediction;
    });
    check(meter->metrics().at("top1"));
    const auto all = at::cat(parts);
    const auto labels = feed.kind().labels({{}, feed.test_targets(), {}}).cpu();
    out << header({"example", "label"});
    for (std::int64_t i = 0; i < all.size(0); ++i)
      row(out, {std::to_string(i), class_name(labels[i].item<std::int64_t>())}, all[i]);
  }

  void pictures(const std::string& input, std::ostream& out) {
    const auto names =
        files_below(input, {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm", ".pgm"});
    if (names.empty())
      throw Error(input + " holds no picture: png, jpg, jpeg, webp, bmp, ppm and pgm are read");
    const auto reader = picture_reader();
    out << header({"file"});
    for (std::size_t at = 0; at < names.size(); at += kAtOnce) {
      const std::vector<std::string> some(
          names.begin() + static_cast<std::ptrdiff_t>(at),
          names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), at + kAtOnce)));
      std::vector<std::string> paths;
      for (const auto& name : some) paths.push_back(input + "/" + name);
      Batch batch;
      batch.x["image"] = to_unit(reader.load(paths)).to(place_.device);
      const auto all = probabilities(predicted(batch));
      for (std::size_t i = 0; i < some.size(); ++i)
        row(out, {some[i]}, all[static_cast<std::int64_t>(i)]);
    }
  }

 private:
  Tensor predicted(const Batch& batch) {
    const torch::NoGradGuard no_grad;
    return (*model_)(batch).pred;
  }

  static Tensor probabilities(const Tensor& prediction) {
    return at::softmax(prediction.to(at::kDouble), 1).cpu();
  }

  /// A method may predict by more than its target, which these weights do not have.
  void check(double top1) const {
    const auto path = place_.folder.record();
    const auto record =
        core::record_from_json(core::parse_json(core::read_text(path), path.filename().string()));
    const auto recorded = record.metrics.find("top1");
    if (recorded == record.metrics.end() || std::abs(recorded->second - top1) <= kTolerance) return;
    throw Error(fmt::format(
        "the target's weights alone give top-1 {:.2f} %, and the record has {:.2f} %: method `{}` "
        "predicts with more than them. `recipe.keep = [\"predictions\"]` keeps what it predicts",
        100 * top1, 100 * recorded->second, spec_.method.name));
  }

  /// Pictures of any size, as the data set reads its own where it says how.
  PictureReader picture_reader() const {
    const auto* image = &task_.input("image");
    const auto& shape = image->shape;
    if (task_.inputs.size() != 1 || shape.size() != 3 || shape[1] != shape[2])
      throw Error("`" + spec_.task.dataset +
                  "` is no task of square pictures alone, and --input reads nothing else");
    const std::string fit = spec_.task.options.value("fit", "cut");
    const std::map<std::string, Value> given = {
        {"size", shape[1]}, {"channels", shape[0]}, {"fit", fit}};
    Options options(given);
    return PictureReader(options, shape[1], "cut", shape[0]);
  }

  std::string class_name(std::int64_t number) const {
    const auto at = static_cast<std::size_t>(number);
    return at < task_.classes.size() ? task_.classes[at] : std::to_string(number);
  }

  std::string header(std::vector<std::string> columns) const {
    columns.push_back("predicted");
    for (std::int64_t i = 0; i < task_.outputs; ++i) columns.push_back("p." + class_name(i));
    return core::csv_line(columns);
  }

  void row(std::ostream& out, std::vector<std::string> fields, const Tensor& shares) const {
    fields.push_back(class_name(shares.argmax().item<std::int64_t>()));
    const auto* share = shares.const_data_ptr<double>();
    for (std::int64_t i = 0; i < task_.outputs; ++i)
      fields.push_back(fmt::format("{:.6g}", share[i]));
    out << core::csv_line(fields);
  }

  const core::TrialSpec& spec_;
  const Place& place_;
  std::shared_ptr<Dataset> dataset_;
  DataFolder folder_;
  TaskSpec task_;
  std::shared_ptr<Model> model_;
};

}  // namespace

void predict(const core::TrialSpec& spec, const Place& place, Registry& registry,
             const std::string& input, std::ostream& out) {
  Predictor predictor(spec, place, registry);
  if (input.empty())
    predictor.test_split(out);
  else
    predictor.pictures(input, out);
}

}  // namespace ktb::run
