// What looking at results costs, by the trials of a store and by the seeds of a cell.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "bench/core/wide_suite.hpp"
#include "core/score/stats.hpp"
#include "core/store/outcomes.hpp"
#include "core/store/result.hpp"
#include "core/store/store.hpp"
#include "core/table/export/export.hpp"
#include "core/table/report.hpp"

namespace ktb::core {
namespace {

double scattered(std::size_t i) { return 0.5 + static_cast<double>(i * 7919 % 1009) / 10090; }

/// A store of records, which an index takes only once they have lain there for a while.
class Results {
 public:
  explicit Results(std::int64_t trials) : plan(wide_plan(width_of(trials))) {
    std::size_t i = 0;
    for (const Trial& trial : plan.trials) {
      const TrialFolder folder = Store(path()).folder(trial.id);
      std::filesystem::create_directories(folder.path());
      std::ofstream(folder.record()) << record_text(made_record(trial, scattered(i++)));
    }
    std::this_thread::sleep_for(std::chrono::seconds(3));
  }
  std::filesystem::path path() const { return folder_.path() / "results"; }

  const Plan plan;

 private:
  const TemporaryFolder folder_;
};

void trials(benchmark::internal::Benchmark* bench) {
  bench->ArgName("trials")->RangeMultiplier(10)->Range(100, 100000)->Unit(benchmark::kMillisecond);
}

void report_without_index(benchmark::State& state) {
  const Results results(state.range(0));
  std::ofstream(results.path() / "cache") << "no folder, so there is no index";
  for (auto _ : state)
    benchmark::DoNotOptimize(report(results.plan, Store(results.path()), "", Format::kText));
}
BENCHMARK(report_without_index)->Apply(trials);

void report_with_index(benchmark::State& state) {
  const Results results(state.range(0));
  report(results.plan, Store(results.path()), "", Format::kText);
  for (auto _ : state)
    benchmark::DoNotOptimize(report(results.plan, Store(results.path()), "", Format::kText));
}
BENCHMARK(report_with_index)->Apply(trials);

void how_trials_ended(benchmark::State& state) {
  const Results results(state.range(0));
  const auto all_ok = [&] {
    const Store store(results.path());
    return std::ranges::all_of(results.plan.trials,
                               [&](const Trial& trial) { return store.load_head(trial.id)->ok(); });
  };
  all_ok();
  for (auto _ : state) benchmark::DoNotOptimize(all_ok());
}
BENCHMARK(how_trials_ended)->Apply(trials);

void export_trials_as_json(benchmark::State& state) {
  const Results results(state.range(0));
  report(results.plan, Store(results.path()), "", Format::kText);
  for (auto _ : state) {
    const Store store(results.path());
    export_trials(
        results.plan, outcomes(results.plan, store),
        [&](const Trial& trial) { return in_full(trial, store); },
        [](const ExportLine& line) { benchmark::DoNotOptimize(as_json(line)); });
  }
}
BENCHMARK(export_trials_as_json)->Apply(trials);

/// Two methods of so many seeds.
void table_of_seeds(benchmark::State& state) {
  const Plan plan = wide_plan({1, 2, 1, static_cast<int>(state.range(0))});
  Outcomes known;
  std::size_t i = 0;
  ResultReader reader;
  for (const Trial& trial : plan.trials)
    known.results[trial.id] = reader.read(result_bytes(made_record(trial, scattered(i++))));
  for (auto _ : state)
    benchmark::DoNotOptimize(render(make_tables(plan, Store("none"), "", known), Format::kText));
}
BENCHMARK(table_of_seeds)
    ->ArgName("seeds")
    ->RangeMultiplier(10)
    ->Range(10, 10000)
    ->Unit(benchmark::kMillisecond);

void signed_rank(benchmark::State& state) {
  std::vector<double> difference, none(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < none.size(); ++i) difference.push_back(scattered(i) - 0.54);
  for (auto _ : state) benchmark::DoNotOptimize(wilcoxon(difference, none));
}
BENCHMARK(signed_rank)->ArgName("pairs")->Arg(5)->Arg(50)->Arg(51)->Arg(1000)->Arg(10000);

}  // namespace
}  // namespace ktb::core
