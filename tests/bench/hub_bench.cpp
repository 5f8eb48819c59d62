// What an input of a hub costs: k of 5 models run, however many there are. `ratio` is the time
// against one of the models alone on the same batch; for k = 1 the goal is at most 1.5.
#include <benchmark/benchmark.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <ctime>

#include "ktb/nn/blocks.hpp"
#include "methods/hub_pathway/hub.hpp"
#include "run/plugins/loader.hpp"
#include "run/plugins/plain.hpp"

namespace ktb::run {
namespace {

using namespace hub_pathway;

constexpr std::int64_t kBatch = 128, kMembers = 5;

TaskSpec pictures() {
  TaskSpec task;
  task.name = task.labels = "pictures";
  task.kind = "classification";
  task.inputs = {{"image", {3, 32, 32}, "rgb", {}, {}}};
  task.outputs = 10;
  task.categorical = true;
  return task;
}

/// Five ResNet-20, each of which gets about as many inputs as the others.
struct Hub {
  explicit Hub(std::int64_t k) {
    Registry registry({KTB_PLUGIN_DIR});
    torch::manual_seed(1);
    pairing.task = pictures();
    for (std::int64_t i = 0; i < kMembers; ++i) {
      Options options;
      members.push_back(registry.model("resnet20", pairing.task, options));
      members.back()->eval();
      for (auto& parameter : members.back()->parameters())  // as in a trial
        if (parameter.dim() == 4)
          parameter.set_data(parameter.to(parameter.options(), /*non_blocking=*/false,
                                          /*copy=*/false, at::MemoryFormat::ChannelsLast));
      pairing.sources.push_back({pairing.task, measure(*members.back(), "r20", "resnet")});
    }
    mixture = PathwayMixture(pairing, 0, false);
    generator = PathwayGenerator(pairing, 112);
    generator->eval();
    generator->named_parameters()["clean.weight"].normal_(0, 10);
    rule.k = k;
    batch.x["image"] = torch::rand({kBatch, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
  }
  void run() { mixture(members, batch, top_k_gating(generator(batch).first, {}, {}, rule)); }
  void run_one() { (*members[0])(batch); }

  Pairing pairing;
  std::vector<std::shared_ptr<Model>> members;
  PathwayMixture mixture{nullptr};
  PathwayGenerator generator{nullptr};
  GatingRule rule;
  Batch batch;
};

/// Of the processor, on one thread: other programs do not count.
template <class Work>
double seconds(Work work) {
  const auto start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

void hub_of_5(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  torch::set_num_threads(1);
  Hub hub(state.range(0));
  hub.run(), hub.run_one();  // memory is there afterwards
  double all = 0, one = 0;
  for (auto _ : state) {
    const double time = seconds([&] { hub.run(); });
    state.SetIterationTime(time);
    all += time;
    one += seconds([&] { hub.run_one(); });
  }
  state.counters["ratio"] = all / one;
}
BENCHMARK(hub_of_5)->ArgName("k")->Arg(1)->Arg(2)->Arg(5)->UseManualTime()->MinTime(2)->Unit(
    benchmark::kMillisecond);

/// The convolutions of a model, which may be replaced, against torch's own on the same maps.
void convolution(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  torch::set_num_threads(1);
  torch::nn::Module root;
  auto ours = add_conv(root, "conv", {.in = 16, .out = 16, .kernel = 3});
  torch::nn::Conv2d theirs(torch::nn::Conv2dOptions(16, 16, 3).padding(1).bias(false));
  const auto x = torch::rand({1, 16, 8, 8});
  double own = 0, plain = 0;
  for (auto _ : state) {
    const double time = seconds([&] { ours->forward(x); });
    state.SetIterationTime(time);
    own += time;
    plain += seconds([&] { theirs->forward(x); });
  }
  state.counters["ratio"] = own / plain;
}
BENCHMARK(convolution)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ktb::run
