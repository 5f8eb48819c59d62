#include "run/train/record/recorded_steps.hpp"

#include <ATen/Context.h>
#include <ATen/ops/equal.h>
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "run/data/random.hpp"
#include "run/train/cuda_module.hpp"
#include "run/train/hook.hpp"

namespace ktb::run {
namespace {

constexpr int kWarm = 3;           // steps of a kind before it is recorded
constexpr std::size_t kMost = 16;  // kinds that are recorded: each keeps memory of its own
constexpr double kNoise = 10;      // times what the device differs from itself
constexpr double kMostNoise = 1e-4;

using TensorList = std::vector<Tensor>;

/// The largest difference of two lists of tensors, in parts of the largest number of its tensor.
double distance(const TensorList& a, const TensorList& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].numel() == 0 || at::equal(a[i], b[i])) continue;
    const auto x = a[i].to(at::kDouble).nan_to_num(), y = b[i].to(at::kDouble).nan_to_num();
    const double scale = std::max(y.abs().max().item<double>(), 1e-30);
    most = std::max(most, (x - y).abs().max().item<double>() / scale);
  }
  return most;
}

std::string first_line(const std::exception& problem) {
  const auto* ours = dynamic_cast<const c10::Error*>(&problem);
  const std::string text = ours ? ours->what_without_backtrace() : problem.what();
  return text.substr(0, text.find('\n'));
}

void add_shapes(const ktb::Tensors& named, std::vector<std::int64_t>& kind) {
  for (const auto& [name, tensor] : named)
    kind.insert(kind.end(), tensor.sizes().begin(), tensor.sizes().end());
}

Batch cloned(Batch batch) {
  for (auto* named : {&batch.x, &batch.y})
    for (auto& [name, tensor] : *named) tensor = tensor.clone();
  if (batch.index.defined()) batch.index = batch.index.clone();
  return batch;
}

void copy_into(const Batch& held, const Batch& batch) {
  for (const auto& [name, tensor] : batch.x) held.x.at(name).copy_(tensor);
  for (const auto& [name, tensor] : batch.y) held.y.at(name).copy_(tensor);
  if (batch.index.defined()) held.index.copy_(batch.index);
}

}  // namespace

/// One kind of step.
class RecordedSteps::Recording {
 public:
  Recording(Session& session, LiveStep& step) : session_(session), step_(step) {
    for (const auto& optimiser : session.optimisers)
      for (const auto& parameter : optimiser.group().parameters) learning_.push_back(parameter);
  }

  bool warm() const { return seen_ >= kWarm; }
  bool serves() const { return serves_; }
  void serve() { serves_ = true; }
  bool two_streams() const { return !ahead_.empty(); }

  /// As it is, but for noting which random numbers it draws and which outputs it can have ahead.
  Losses watch() {
    ++seen_;
    const Streams::Step noted(streams_);
    auto losses = take();
    ahead_ = step_.independent();
    return losses;
  }

  void record(std::int64_t at) {
    hold();
    streams_.open(session_.device);
    streams_.seed(at);
    const Streams::Step drawing(streams_);
    auto& device = cuda_module();
    device.start_recording(streams_.generators(), nullptr);
    step_.follow([this](LiveStep::Work work) {
      end_part(std::move(work));
      cuda_module().start_recording(streams_.generators(), parts_.front().graph.get());
    });
    try {
      losses_ = take();
      end_part({});
    } catch (...) {
      step_.follow({});
      device.drop_recording();
      throw;
    }
    step_.follow({});
  }

  /// Of the batches that are held.
  Losses replay(std::int64_t at) {
    streams_.seed(at);
    for (const auto& part : parts_) {
      part.graph->replay();
      if (!part.apart) continue;
      for (std::size_t i = 0; i < learning_.size(); ++i)
        learning_[i].mutable_grad() = part.gradients[i];
      part.apart();
    }
    return losses_;
  }

  /// Of those that the step has drawn.
  Losses next(std::int64_t at) {
    for (std::size_t i = 0; i < held_.size(); ++i)
      if (step_.draws(i)) copy_into(held_[i], step_.lanes()[i].batch);
    return replay(at);
  }

 private:
  struct Part {
    std::unique_ptr<Graph> graph;
    LiveStep::Work apart;  ///< done after it
    TensorList gradients;  ///< that it left
  };

  /// In the last steps before it is recorded as well, so that kernels of the second stream have
  /// the memory that they keep for good before a recording would give them of its own.
  Losses take() {
    step_.ahead(ahead_);
    return train_step(session_, step_);
  }

  void hold() {
    held_.clear();
    for (std::size_t i = 0; i < step_.lanes().size(); ++i) {
      held_.push_back(cloned(step_.lanes()[i].batch));
      if (step_.draws(i)) step_.show(i, held_.back());
    }
  }

  void end_part(LiveStep::Work work) {
    Part part{cuda_module().end_recording(), std::move(work), {}};
    for (const auto& parameter : learning_) part.gradients.push_back(parameter.grad());
    parts_.push_back(std::move(part));
  }

  Session& session_;
  LiveStep& step_;
  TensorList learning_;
  Streams streams_;
  std::set<LiveStep::Place> ahead_;
  std::vector<Batch> held_;
  std::vector<Part> parts_;
  Losses losses_;
  int seen_ = 0;
  bool serves_ = false;
};

RecordedSteps::RecordedSteps(Session& session, LiveStep& step) : session_(session), step_(step) {
  if (std::getenv("KTBENCH_EAGER") != nullptr) refused_ = "KTBENCH_EAGER is set";
}

RecordedSteps::~RecordedSteps() = default;

std::string RecordedSteps::told() const {
  if (!session_.device.is_cuda()) return "";
  if (!refused_.empty()) return "no: " + refused_;
  const auto some = [&](const auto& wanted) {
    return std::ranges::any_of(
        recordings_, [&](const auto& one) { return one.second->serves() && wanted(*one.second); });
  };
  if (!some([](const Recording&) { return true; })) return "no: too few steps of a kind";
  const bool two = some([](const Recording& recording) { return recording.two_streams(); });
  return two ? "yes, sources on a second stream" : "yes";
}

std::optional<RecordedSteps::Kind> RecordedSteps::kind(std::int64_t at) {
  if (!session_.device.is_cuda() || !refused_.empty()) return std::nullopt;
  Kind kind;
  const auto methods = session_.methods();
  for (std::size_t i = 0; i < methods.size(); ++i) {
    const auto key = methods[i]->graph_key(at);
    if (!key) {
      refused_ = fmt::format("{} says that its steps differ", session_.name_of_method(i));
      return std::nullopt;
    }
    kind.push_back(*key);
  }
  const auto kept = step_.kept();
  if (!kept) return std::nullopt;
  kind.push_back(*kept);
  for (std::size_t i = 0; i < step_.lanes().size(); ++i) {
    if (!step_.draws(i)) continue;
    add_shapes(step_.lanes()[i].batch.x, kind);
    add_shapes(step_.lanes()[i].batch.y, kind);
  }
  return kind;
}

Losses RecordedSteps::as_it_is() {
  step_.again();
  return train_step(session_, step_);
}

Losses RecordedSteps::take(std::int64_t at) {
  compared_ = false;
  const auto kind = this->kind(at);
  if (!kind || (recordings_.size() >= kMost && !recordings_.contains(*kind)))
    return train_step(session_, step_);
  auto& recording = recordings_[*kind];
  if (!recording) recording = std::make_unique<Recording>(session_, step_);
  if (recording->serves()) return recording->next(at);
  return recording->warm() ? first(*recording, at) : recording->watch();
}

Losses RecordedSteps::first(Recording& recording, std::int64_t at) {
  compared_ = true;
  const auto live = session_.state();
  const auto before = copy_of(live);
  try {
    recording.record(at);
    restore(live, before);
    refused_ = differs(recording, at);
  } catch (const std::exception& problem) {
    refused_ = first_line(problem);
    Hook::forget();
  }
  restore(live, before);
  if (!refused_.empty()) {
    recordings_.clear();
    return as_it_is();
  }
  recording.serve();
  return recording.replay(at);
}

std::string RecordedSteps::differs(Recording& recording, std::int64_t at) {
  const auto live = session_.state();
  const auto before = copy_of(live);
  // Two steps: what one leaves in memory of its own the next one reads.
  const auto twice = [&](const auto& take) {
    restore(live, before);
    take();
    const auto losses = take();
    auto all = copy_of(live);
    all.push_back(losses.total.clone());
    for (const auto& [name, value] : losses.terms) all.push_back(value.clone());
    return all;
  };
  const auto recorded = twice([&] { return recording.replay(at); });
  const auto taken = twice([&] { return as_it_is(); });
  const double far = distance(recorded, taken);
  if (far == 0) return "";
  // Kernels that round otherwise in each run hide nothing larger than what they do themselves; what
  // differs by more than they ever do has a memory of its own.
  if (!at::globalContext().deterministicAlgorithms()) {
    const double noise = distance(twice([&] { return as_it_is(); }), taken);
    if (noise < kMostNoise && far <= kNoise * noise) return "";
  }
  return fmt::format(
      "its recorded steps are not its steps (they differ by {:.1e}): does it keep "
      "a tensor in another one's place, rather than write into it?",
      far);
}

}  // namespace ktb::run
