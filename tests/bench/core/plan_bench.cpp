// What a plan costs by its trials, from the suite to the stored text.
#include <benchmark/benchmark.h>

#include <fstream>

#include "bench/core/wide_suite.hpp"
#include "core/plan/plan_text.hpp"

namespace ktb::core {
namespace {

void trials(benchmark::internal::Benchmark* bench) {
  bench->ArgName("trials")->RangeMultiplier(10)->Range(100, 100000)->Unit(benchmark::kMillisecond);
}

void make_a_plan(benchmark::State& state) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "wide.toml";
  std::ofstream(path) << wide_suite(width_of(state.range(0)));
  FakeCatalogue catalogue = full_catalogue();
  std::size_t made = 0;
  for (auto _ : state) made = make_plan(read_suite(path), catalogue, {}).trials.size();
  state.counters["trials"] = static_cast<double>(made);
}
BENCHMARK(make_a_plan)->Apply(trials);

void write_a_plan(benchmark::State& state) {
  const Plan plan = wide_plan(width_of(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(plan_text(plan, 1));
}
BENCHMARK(write_a_plan)->Apply(trials);

void read_a_plan(benchmark::State& state) {
  const std::string text = plan_text(wide_plan(width_of(state.range(0))), 1);
  for (auto _ : state) benchmark::DoNotOptimize(plan_from_json(Json::parse(text)));
}
BENCHMARK(read_a_plan)->Apply(trials);

void read_a_plan_of_the_index(benchmark::State& state) {
  const std::string bytes = plan_bytes(wide_plan(width_of(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(plan_from_bytes(bytes));
}
BENCHMARK(read_a_plan_of_the_index)->Apply(trials);

}  // namespace
}  // namespace ktb::core
