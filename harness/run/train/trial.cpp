#include "run/train/trial.hpp"

#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <torch/utils.h>

#include <filesystem>
#include <fstream>
#include <new>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/output/escape.hpp"
#include "core/base/plugin_file.hpp"
#include "core/base/text_file.hpp"
#include "core/base/unicode.hpp"
#include "core/plan/union_spec.hpp"
#include "core/score/metrics.hpp"
#include "core/store/confusion.hpp"
#include "run/data/routes.hpp"
#include "run/plugins/told.hpp"
#include "run/train/cuda_module.hpp"
#include "run/train/determinism.hpp"
#include "run/train/flops.hpp"
#include "run/train/frozen.hpp"
#include "run/train/hook.hpp"
#include "run/train/host.hpp"
#include "run/train/keep/keep.hpp"
#include "run/train/loop.hpp"
#include "run/weights/safetensors.hpp"
#include "tasks/gathered.hpp"

namespace ktb::run {
namespace {

using core::Json;
using core::Record;
using core::Status;
using core::TrialSpec;
namespace fs = std::filesystem;

/// Test examples whose operations are counted.
constexpr std::int64_t kCounted = 256;

/// Renews progress.json every half a second: what is shorter needs none.
class ProgressFile {
 public:
  explicit ProgressFile(fs::path path) : path_(std::move(path)) {}
  void operator()(std::int64_t step, std::int64_t steps, double loss) {
    const double now = core::seconds_now();
    if (now - last_ < 0.5) return;
    last_ = now;
    core::write_atomically(path_, Json{{"step", step}, {"steps", steps}, {"loss", loss}}.dump());
  }

 private:
  fs::path path_;
  double last_ = core::seconds_now();
};

std::string pack(const std::vector<bool>& bits) {
  std::string bytes((bits.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < bits.size(); ++i)
    if (bits[i]) bytes[i / 8] = static_cast<char>(bytes[i / 8] | (1 << (i % 8)));
  return bytes;
}

std::int64_t count(const std::vector<Tensor>& tensors) {
  std::int64_t numbers = 0;
  for (const auto& tensor : tensors) numbers += tensor.numel();
  return numbers;
}

/// One trial from its description to what lies in its folder.
class Trial {
 public:
  Trial(const TrialSpec& spec, const Place& place, Registry& registry,
        const std::atomic<bool>& stop)
      : spec_(spec), place_(place), registry_(registry), stop_(stop) {}

  void run(Record& record) {
    const Determinism determinism(spec_.recipe.deterministic, place_.device);
    const double joules = energy();
    started_ = core::seconds_now();
    session_ = build_session(spec_, place_, registry_);
    record.warnings = session_->warnings;
    const FrozenSources frozen(*session_);
    const double built = core::seconds_now();
    train(record);
    count_parameters(record);
    const double trained = core::seconds_now();
    judge(record, frozen);
    record.cost["eval_seconds"] += core::seconds_now() - trained;
    const double flops = flops_per_example();
    record.cost.insert({{"wait_seconds", built - started_},
                        {"flops_per_example", flops},
                        {"total_seconds", spent()},
                        {"peak_memory_mib", peak_memory_mib(place_.device)}});
    for (auto& warning : determinism.warnings()) record.warnings.push_back(std::move(warning));
    if (resumed_ > 0) record.cost["resumed"] = static_cast<double>(resumed_);
    if (joules >= 0) record.cost["joules"] = energy() - joules;
    if (spec_.keep_weights || spec_.recipe.keeps(core::Keepsake::kWeights))
      record.weights = keep_weights();
  }

 private:
  double energy() const { return place_.device.is_cuda() ? cuda_module().joules() : -1; }

  /// With what earlier processes spent that this one goes on from.
  double spent() const { return earlier_ + core::seconds_now() - started_; }

  /// What the trial itself keeps beside the loop.
  void snapshot(Snapshot all) {
    double seconds = spent();
    all("curve", curve_);
    all("seconds", seconds);
    all("resumed", resumed_);
    if (all.restoring()) earlier_ = seconds, ++resumed_;
  }

  /// Hooks that keep the trial and go on with what was kept.
  LoopHooks resumable(Checkpoint& checkpoint) {
    LoopHooks hooks;
    hooks.stop = &stop_;
    hooks.due = [&](auto done, auto steps) { return checkpoint.due(done, steps); };
    hooks.keep = [&](Snapshot kept, std::int64_t done) {
      snapshot(kept.in("trial"));
      checkpoint.keep(kept, done);
    };
    hooks.from = checkpoint.load();
    if (hooks.from) snapshot(hooks.from->in("trial"));
    return hooks;
  }

  void train(Record& record) {
    Checkpoint checkpoint(place_.folder, spec_.key, place_.checkpoints);
    auto hooks = resumable(checkpoint);
    std::ofstream curve(place_.folder.curve(), std::ios::trunc);
    curve << curve_ << std::flush;
    ProgressFile progress(place_.folder.progress());
    hooks.curve = [&](const Json& line) {
      const auto text = core::json_text(line) + "\n";
      curve_ += text;
      curve << text << std::flush;
    };
    hooks.progress = [&](auto step, auto steps, double loss) { progress(step, steps, loss); };
    const auto plan = loop_plan(spec_.recipe, *session_);
    const auto result = train(plan, hooks, checkpoint);
    if (!result.recorded.empty()) record.provenance["recorded"] = result.recorded;
    record.validation = result.validation;
    record.terms = result.terms;
    record.selected = {
        {"rule", core::word(plan.select)},
        {"metric", session_->data[0]->kind().primary()},
        {"step", result.selected_step},
        {"epoch", static_cast<double>(result.selected_step) / static_cast<double>(plan.per_epoch)}};
    record.cost = {{"train_seconds", result.train_seconds}, {"eval_seconds", result.eval_seconds}};
    if (result.train_seconds > 0)
      record.cost["examples_per_second"] =
          static_cast<double>(result.examples) / result.train_seconds;
    if (waits(place_.device) >= 0 && result.steps > 0)
      record.cost["waits_per_step"] =
          static_cast<double>(result.waits) / static_cast<double>(result.steps);
  }

  /// A snapshot of something else is of no use to anybody.
  LoopResult train(const LoopPlan& plan, const LoopHooks& hooks, const Checkpoint& checkpoint) {
    try {
      return run_loop(*session_, plan, hooks);
    } catch (const Misfit& misfit) {
      checkpoint.forget();
      throw Error(fmt::format("{}; it was removed, and the next run starts anew", misfit.what()));
    }
  }

  /// The one look at the test split, and how long its predictions take.
  std::unique_ptr<tasks::Meter> judge_target(Record& record) {
    session_->train(true);  // from here on count a method's figures
    Keeper keeper(spec_.recipe, *session_);
    double seconds = 0;
    std::int64_t examples = 0;
    auto meter = session_->data[0]->judge(Feed::Part::kTest, [&](const Batch& batch) {
      const double started = core::seconds_now();
      const auto prediction = session_->predict(batch);
      synchronise(place_.device);
      seconds += core::seconds_now() - started;
      if (examples < kCounted) to_count_.push_back(batch);
      examples += batch.size();
      keeper.add(batch, prediction);
      return prediction;
    });
    const auto warnings = keeper.write(place_.folder, spec_.key);
    record.warnings.insert(record.warnings.end(), warnings.begin(), warnings.end());
    record.cost["predictions_per_second"] = static_cast<double>(examples) / seconds;
    return meter;
  }

  /// A mean over batches, since what a hub computes depends on its input. They are predicted once
  /// more, since counting slows what it counts, and last, so that a method's figures are without.
  double flops_per_example() {
    double flops = 0;
    std::int64_t examples = 0;
    for (const Batch& batch : std::exchange(to_count_, {})) {
      flops += count_flops([&] { session_->predict(batch); });
      examples += batch.size();
    }
    return flops / static_cast<double>(examples);
  }

  void judge(Record& record, const FrozenSources& frozen) {
    const auto& data = *session_->data[0];
    const auto meter = judge_target(record);
    auto figures = session_->figures();
    frozen.check();
    record.metrics = meter->metrics();
    record.metrics.merge(std::move(figures));
    auto pictures = session_->method->pictures();
    record.floor = data.floor();
    const auto correct = meter->correct();
    if (const auto domains = data.domains(); domains.defined()) {
      judge_domains(record, domains, correct, pictures);
      pictures["domain"] = domains;
    }
    if (!pictures.empty())
      write_safetensors(place_.folder.pictures().string(),
                        {{pictures.begin(), pictures.end()}, {}});
    record.examples = {{"train", data.train_size()},
                       {"validation", data.validation_size()},
                       {"test", data.test_size()},
                       {"judged", static_cast<std::int64_t>(correct.size())}};
    if (data.transitions() > 0) {
      record.examples["transitions"] = data.transitions();
      record.cost["transitions_per_second"] =
          static_cast<double>(data.transitions()) / record.cost["train_seconds"];
    }
    core::write_atomically(place_.folder.samples(), pack(correct));
    keep_confusion(*meter);
    for (std::size_t i = 0; i < session_->transfer.sources.size(); ++i)
      record.source_metrics.push_back(judge_source(i));
  }

  /// For reports. The record has nothing of it: it is as large as the square of the classes.
  void keep_confusion(const tasks::Meter& meter) const {
    const auto& task = session_->data[0]->kind().spec();
    const auto counts = meter.confusion();
    if (!counts.defined() || counts.size(0) > static_cast<std::int64_t>(core::kMostClasses)) return;
    core::Confusion confusion{task.classes, {}};
    for (const auto& row : counts.unbind()) {
      const auto numbers = tasks::whole_numbers(row);
      confusion.counts.emplace_back(numbers.begin(), numbers.end());
    }
    core::write_atomically(place_.folder.confusion(), core::json_text(core::to_json(confusion)));
  }

  /// What is right in each part of a union, and whether a hub's routes tell the parts apart.
  void judge_domains(Record& record, const Tensor& domains, const std::vector<bool>& correct,
                     const Tensors& pictures) const {
    const auto parts = core::union_of(spec_.task.options).parts;
    const auto* domain = domains.const_data_ptr<std::int64_t>();
    std::vector<double> right(parts.size()), all(parts.size());
    for (std::size_t i = 0; i < correct.size(); ++i)
      ++all[domain[i]], right[domain[i]] += correct[i];
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (all[i] > 0) record.metrics["right." + parts[i].name] = right[i] / all[i];

    const auto route = pictures.find("pathway");
    if (route == pictures.end() || route->second.size(0) != domains.numel()) return;
    std::vector<std::vector<std::int64_t>> own(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i)
      for (std::size_t member = 0; member < spec_.sources.size(); ++member) {
        const auto& task = spec_.sources[member].task;
        if (task.plugin == parts[i].plugin && task.options == parts[i].options &&
            task.hash == parts[i].hash)
          own[i].push_back(static_cast<std::int64_t>(member));
      }
    record.metrics.merge(route_figures(route->second, domains, own));
  }

  /// A source that trains along is judged on its own task; a frozen one has a record of its own.
  tasks::Metrics judge_source(std::size_t source) {
    const bool own_task =
        session_->source_lane[source] != 0 || spec_.sources.at(source).task == spec_.task;
    if (!session_->learns(source) || !own_task) return {};
    const torch::NoGradGuard no_grad;
    auto& model = *session_->transfer.sources[source];
    const auto& data = *session_->data[session_->source_lane[source]];
    model.eval();
    return data.judge(Feed::Part::kTest, [&](const Batch& batch) { return model(batch).pred; })
        ->metrics();
  }

  void count_parameters(Record& record) {
    std::int64_t trainable = 0;
    for (const auto& optimiser : session_->optimisers)
      if (optimiser.group().lr_scale > 0) trainable += count(optimiser.group().parameters);
    std::int64_t extra = count(session_->method->parameters());
    for (const auto& plus : session_->extras) extra += count(plus.method->parameters());
    record.parameters = {{"trainable", trainable},
                         {"extra", extra},
                         {"deployed", count(session_->method->deployed())}};
    if (session_->transfer.target)
      record.parameters["target"] = count(session_->transfer.target->parameters());
  }

  std::string keep_weights() const {
    TensorFile file{{}, {{"ktbench", spec_.key}}};
    if (session_->transfer.target)
      file.tensors = state_of(*session_->transfer.target);
    else
      file.tensors = session_->weights();
    return write_safetensors(place_.folder.weights().string(), file);
  }

  const TrialSpec& spec_;
  const Place& place_;
  Registry& registry_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<Session> session_;
  std::string curve_;                 ///< all lines so far
  double started_ = 0, earlier_ = 0;  ///< seconds: when this process began, what others spent
  std::int64_t resumed_ = 0;          ///< how often another process has gone on
  std::vector<Batch> to_count_;       ///< of the test split
};

Json plugin_hashes(const TrialSpec& spec, const Registry& registry) {
  Json out = Json::object();
  const auto add = [&](const std::string& kind, const std::string& name) {
    const auto* note = core::find_plugin(registry.notes(), kind, name).note;
    if (note != nullptr) out[note->name] = core::plugin_hash(note->path);
  };
  add("dataset", spec.task.plugin);
  if (spec.task.plugin == core::kUnion)
    for (const auto& part : core::union_of(spec.task.options).parts) add("dataset", part.plugin);
  add("method", spec.method.plugin);
  if (spec.target) add("model", spec.target->plugin);
  for (const auto& source : spec.sources) add("model", source.plugin);
  for (const auto& plus : spec.plus) add("method", plus.plugin);
  return out;
}

bool says_out_of_memory(const std::string& text) {
  return text.find("out of memory") != std::string::npos ||
         text.find("can't allocate memory") != std::string::npos;
}

/// A key names the build that made the record, so no other build may make it.
void check_build(const std::string& planned) {
  const std::string own = build();
  if (planned.empty() || planned == own) return;
  throw Error(
      fmt::format("planned for build {} of the harness, and this ktbench-worker is of "
                  "build {}: use the ktbench beside it (scripts/build), and plan again",
                  planned, own));
}

/// A key has the content of the files that options name, so no other content may make its record.
template <class Ref>
void check_files(const Ref& ref) {
  for (const auto& [option, digest] : ref.digests) {
    const auto file = ref.options.at(option).template get<std::string>();
    if (core::sha256_file(file) != digest)
      throw Error(fmt::format(
          "{} has changed since this trial was planned: run the suite once more", file));
  }
}

void check_files(const TrialSpec& spec) {
  check_files(spec.task);
  check_files(spec.method);
  if (spec.target) check_files(*spec.target);
  for (const auto& source : spec.sources) {
    check_files<core::ModelRef>(source);
    check_files(source.task);
  }
  for (const auto& plus : spec.plus) check_files(plus);
}

/// Runs `work`; what it throws becomes status and reason.
template <class Work>
void guard(Record& record, Work work) {
  const auto end = [&](Status status, const std::string& reason) {
    record.status = status;
    const auto where = status == Status::kInterrupted ? "" : Hook::current();
    record.reason = core::printable(where.empty() ? reason : fmt::format("{}: {}", where, reason));
  };
  Hook::forget();
  try {
    work();
    end(Status::kOk, "");
  } catch (const Interrupted& error) {
    end(Status::kInterrupted, error.what());
  } catch (const Diverged& error) {
    end(Status::kDiverged, error.what());
  } catch (const std::bad_alloc&) {
    end(Status::kOutOfMemory, "the process could not get more memory");
  } catch (const c10::Error& error) {
    const std::string text = told(error);
    end(says_out_of_memory(text) ? Status::kOutOfMemory : Status::kFailed, text);
  } catch (const std::exception& error) {
    end(Status::kFailed, error.what());
  } catch (...) {
    end(Status::kFailed, "something was thrown that is no std::exception");
  }
}

}  // namespace

Record run_trial(const TrialSpec& spec, const Place& place, Registry& registry,
                 const std::atomic<bool>& stop) {
  Record record;
  record.id = spec.id;
  record.key = spec.key;
  record.seed = spec.seed;
  record.axes = spec.axes;
  const auto started = core::utc_now();
  guard(record, [&] {
    check_build(spec.build);
    check_files(spec);
    Trial(spec, place, registry, stop).run(record);
  });
  const auto own = std::exchange(record.provenance, host(place.device));
  record.provenance.update(own);
  record.provenance.update({{"started", started},
                            {"finished", core::utc_now()},
                            {"plugins", plugin_hashes(spec, registry)},
                            {"data", spec.task.hash}});
  core::write_atomically(place.folder.record(), core::record_text(record));
  // Only now, since until here a kill would have lost the trial; others may go on another day.
  if (record.ok() || record.status == Status::kDiverged)
    Checkpoint(place.folder, spec.key, place.checkpoints).forget();
  return record;
}

}  // namespace ktb::run
