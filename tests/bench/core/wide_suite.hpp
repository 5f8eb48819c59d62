#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/store/record.hpp"
#include "core/suite/read_suite.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {

/// How wide a suite is: its trials are the product, and a source a data set.
struct Width {
  int pairs, methods, datasets, seeds;
};

/// About 10^2, 10^3, 10^4, 10^5 trials.
inline Width width_of(std::int64_t trials) {
  return trials <= 100     ? Width{3, 4, 2, 4}
         : trials <= 1000  ? Width{12, 10, 3, 3}
         : trials <= 10000 ? Width{36, 20, 5, 3}
                           : Width{36, 20, 5, 28};
}

inline std::string wide_suite(const Width& width) {
  std::string text = fmt::format("ktbench = 1\nseeds = {}\nsource_seeds = 1\n", width.seeds);
  std::string datasets, methods, pairs, models, variants;
  for (int i = 0; i < width.datasets; ++i) {
    datasets += fmt::format("\"d{}\", ", i);
    variants +=
        fmt::format("[dataset.d{}]\nplugin = \"cifar100\"\ntrain = {}\n", i, 1000 * (i + 1));
  }
  for (int i = 0; i < width.methods - 1; ++i) {
    methods += fmt::format("\"k{}\", ", i);
    variants += fmt::format("[method.k{0}]\nplugin = \"kd\"\ntemperature = {0}.5\n", i);
  }
  for (int i = 0; i <= width.pairs; ++i)
    models += fmt::format("[model.r{0}]\nplugin = \"resnet\"\ndepth = {0}\n", i);
  for (int i = 0; i < width.pairs; ++i) pairs += fmt::format("\"r{} -> r{}\", ", i, i + 1);
  text += fmt::format("datasets = [{}]\nmethods = [\"scratch\", {}]\n{}{}", datasets, methods,
                      variants, models);
  text += "[[when]]\ntarget = \"r1*\"\nrecipe.optimizer.lr = 0.01\n";
  return text + fmt::format(
                    "[grid.all]\npairs = [{}]\n[table.t]\ncols = [\"dataset\", \"pair\"]\n"
                    "baseline = \"scratch\"\nmetrics = [\"top1\"]\n"
                    "extra = [\"source\", \"cost\"]\n",
                    pairs);
}

inline Plan wide_plan(const Width& width) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "wide.toml";
  std::ofstream(path) << wide_suite(width);
  FakeCatalogue catalogue = full_catalogue();
  return make_plan(read_suite(path), catalogue, {});
}

/// A record as a trial of a plan leaves one.
inline Record made_record(const Trial& trial, double top1) {
  Record record;
  record.id = trial.id;
  record.key = trial.key;
  record.seed = trial.seed();
  record.status = Status::kOk;
  record.axes = trial.spec().axes;
  record.metrics = {{"top1", top1}, {"top5", 0.99}, {"loss", 0.5}};
  record.floor = {{"chance", 0.1}, {"majority", 0.1}};
  record.cost = {
      {"train_seconds", 3.25}, {"eval_seconds", 0.5},        {"total_seconds", 4},
      {"wait_seconds", 0},     {"peak_memory_mib", 250},     {"flops_per_example", 7e5},
      {"joules", 12},          {"examples_per_second", 1e4}, {"predictions_per_second", 5e4}};
  record.terms = {{"task", 0.4}, {"kd", 1.2}};
  record.parameters = {{"target", 7000}, {"trainable", 7000}, {"extra", 0}, {"deployed", 7000}};
  record.examples = {{"train", 4000}, {"validation", 0}, {"test", 2000}, {"judged", 2000}};
  record.selected = {{"rule", "last"}, {"step", 120}, {"epoch", 2.0}, {"metric", "top1"}};
  record.provenance = {{"host", "a"},
                       {"cpu", "some CPU"},
                       {"threads", 1},
                       {"device", "cpu"},
                       {"torch", "2.11.0"},
                       {"build", "0123456789ab"},
                       {"version", "0.1.0"},
                       {"plugins", {{"kd", std::string(64, 'a')}}},
                       {"data", std::string(64, 'b')},
                       {"started", "2026-01-01T00:00:00Z"},
                       {"finished", "2026-01-01T00:00:04Z"}};
  return record;
}

}  // namespace ktb::core
