#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/suite/read_suite.hpp"

namespace ktb::core {
namespace {

/// 36 pairs by 20 methods by 5 data sets by 3 seeds: 10,805 trials with their sources.
std::string wide_suite() {
  std::string text = "ktbench = 1\nseeds = 3\nsource_seeds = 1\n";
  std::string datasets, methods, pairs, models, variants;
  for (int i = 0; i < 5; ++i) {
    datasets += fmt::format("\"d{}\", ", i);
    variants +=
        fmt::format("[dataset.d{}]\nplugin = \"cifar100\"\ntrain = {}\n", i, 1000 * (i + 1));
  }
  for (int i = 0; i < 19; ++i) {
    methods += fmt::format("\"k{}\", ", i);
    variants += fmt::format("[method.k{0}]\nplugin = \"kd\"\ntemperature = {0}.5\n", i);
  }
  for (int i = 0; i < 37; ++i)
    models += fmt::format("[model.r{0}]\nplugin = \"resnet\"\ndepth = {0}\n", i);
  for (int i = 0; i < 36; ++i) pairs += fmt::format("\"r{} -> r{}\", ", i, i + 1);
  text += fmt::format("datasets = [{}]\nmethods = [\"scratch\", {}]\n{}{}", datasets, methods,
                      variants, models);
  text += "[[when]]\ntarget = \"r1*\"\nrecipe.optimizer.lr = 0.01\n";
  return text + fmt::format("[grid.all]\npairs = [{}]\n[table.t]\ncols = [\"dataset\", \"pair\"]\n",
                            pairs);
}

void plan_ten_thousand_trials(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "ktbench_plan_bench.toml";
  std::ofstream(path) << wide_suite();
  FakeCatalogue catalogue = full_catalogue();
  std::size_t trials = 0;
  for (auto _ : state) trials = make_plan(read_suite(path), catalogue, {}).trials.size();
  state.counters["trials"] = static_cast<double>(trials);
  std::filesystem::remove(path);
}
BENCHMARK(plan_ten_thousand_trials)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ktb::core
