#pragma once
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/store/store.hpp"
#include "core/suite/read_suite.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {

/// A safetensors file of one tensor.
inline std::string tensor_file(const std::vector<float>& values, const std::string& key) {
  const std::size_t bytes = values.size() * sizeof(float);
  const Json header = {
      {"__metadata__", {{"ktbench", key}}},
      {"w", {{"dtype", "F32"}, {"shape", {values.size()}}, {"data_offsets", {0, bytes}}}}};
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::string file(sizeof length, ' ');
  std::memcpy(file.data(), &length, sizeof length);
  file += text;
  file.append(reinterpret_cast<const char*>(values.data()), bytes);
  return file;
}

/// Folders of results as runs of a suite of four trials would leave them: a source, training alone,
/// and a method with two seeds.
class MadeResults {
 public:
  std::filesystem::path folder(const std::string& name) const { return own_.path() / name; }
  Store store(const std::string& name) const { return Store(folder(name)); }

  Plan plan(const std::string& build = "1111", const std::string& more = "") {
    const auto path = own_.path() / "suite.toml";
    std::ofstream(path) << "ktbench = 1\nseeds = 2\nsource_seeds = 1\ndatasets = \"cifar100\"\n"
                           "methods = [\"kd\"]\n[grid.main]\npairs = [\"resnet -> vgg8\"]\n"
                        << more;
    PlanOptions options;
    options.build = build;
    options.torch = "2.11.0";
    return make_plan(read_suite(path, "", {}), catalogue, options);
  }

  /// Of a trial that got three of four test samples right.
  static Record record_of(const Trial& trial) {
    Record record;
    record.id = trial.id;
    record.key = trial.key;
    record.seed = trial.seed();
    record.status = Status::kOk;
    record.axes = trial.spec().axes;
    record.metrics = {{"top1", 0.75}, {"loss", 0.5}};
    record.examples = {{"judged", 4}, {"test", 4}, {"train", 100}};
    record.selected = {{"metric", "top1"}};
    record.provenance = {{"cpu", "A"},
                         {"threads", 1},
                         {"torch", "2.11.0"},
                         {"data", "d1"},
                         {"build", trial.spec().build},
                         {"plugins", {{"kd", "p1"}}},
                         {"finished", "2026-01-01T00:00:00Z"}};
    return record;
  }

  static void make(const Store& store, const Trial& trial) {
    const TrialFolder folder = store.folder(trial.id);
    std::filesystem::create_directories(folder.path());
    write(folder.spec(), to_json(StoredTrial{trial.spec(), Json::parse(trial.fields())}).dump());
    write(folder.curve(), "{\"step\": 1, \"seconds\": 3, \"loss\": 0.7}\n");
    write(folder.samples(), "\x07");
    if (trial.keep_weights) write(folder.weights(), tensor_file({1, 2}, trial.key));
    store.save(record_of(trial));
  }
  static void make(const Store& store, const Plan& plan) {
    for (const auto& trial : plan.trials) make(store, trial);
  }

  static void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  /// A change to a stored record.
  template <class Change>
  static void change(const Store& store, const std::string& id, Change change) {
    Record record = store.load(id).value();
    change(record);
    store.save(record);
  }
  static const Trial& of(const Plan& plan, const std::string& stem) {
    for (const auto& trial : plan.trials)
      if (trial.id.starts_with(stem)) return trial;
    throw std::out_of_range(stem);
  }

  FakeCatalogue catalogue = full_catalogue();

 private:
  const TemporaryFolder own_;
};

}  // namespace ktb::core
