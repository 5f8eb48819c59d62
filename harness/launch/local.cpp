#include "launch/local.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <unordered_set>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/text_file.hpp"
#include "launch/machine/equipped.hpp"
#include "launch/machine/gpus.hpp"
#include "launch/machine/memory.hpp"
#include "launch/machine/room.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using core::Status;

constexpr int kTick = 100;             // ms between looks at limits and progress
constexpr double kGraceSeconds = 20;   // what a worker has to end after SIGTERM
constexpr double kAgainSeconds = 0.5;  // between looks at what others have at work

/// When a file was written; none: it is not there.
std::optional<fs::file_time_type> written(const fs::path& path) {
  std::error_code none;
  const auto time = fs::last_write_time(path, none);
  return none ? std::nullopt : std::optional(time);
}

int cores() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

}  // namespace

PoolOptions settle(PoolOptions options) {
  const bool gpu = options.device == "cuda";
  if (gpu && options.gpus.empty()) options.gpus = visible_gpus();
  if (gpu && options.jobs <= 0) options.jobs = std::max(1, static_cast<int>(options.gpus.size()));
  if (options.threads <= 0) options.threads = gpu ? std::max(1, cores() / options.jobs) : 1;
  if (options.jobs <= 0) options.jobs = std::max(1, cores() / options.threads);
  return options;
}

void look_at_memory(PoolOptions& options) {
  const auto gpus = std::max<std::size_t>(1, options.gpus.size());
  if (options.device == "cpu" || static_cast<std::size_t>(options.jobs) <= gpus) return;
  const auto answer = ask({equipped(options.worker), "host", "--device", options.device});
  const auto told = core::Json::parse(answer.output, nullptr, /*allow_exceptions=*/false);
  if (told.is_object()) options.gpu_memory_mib = told.value("device_memory_mib", 0.0);
}

std::vector<std::string> trial_command(const PoolOptions& options,
                                       const core::TrialFolder& folder) {
  std::vector<std::string> command = {equipped(options.worker),
                                      "trial",
                                      folder.path().string(),
                                      "--threads",
                                      std::to_string(options.threads),
                                      "--device",
                                      options.device,
                                      "--checkpoint",
                                      fmt::format("{}", options.checkpoint)};
  if (options.rehearse) command.push_back("--rehearse");
  command.insert(command.end(), options.worker_flags.begin(), options.worker_flags.end());
  return command;
}

void write_spec(const core::Trial& trial, const core::TrialFolder& folder) {
  fs::create_directories(folder.path());
  const core::StoredTrial stored{trial.spec(), core::Json::parse(trial.fields())};
  core::write_atomically(folder.spec(), core::to_json(stored).dump(1) + "\n");
  for (const fs::path& stale : {folder.record(), folder.progress()}) fs::remove(stale);
}

std::vector<const core::Trial*> trials_to_run(const core::Plan& plan, const core::Store& store,
                                              bool force) {
  std::unordered_set<std::string> chosen;
  std::map<std::string, bool> sound;  // many trials may need the weights of one
  const auto can_be_used = [&](const std::string& source) {
    const auto [known, fresh] = sound.try_emplace(source);
    if (fresh) known->second = store.has_weights(source);
    return known->second;
  };
  // Backwards, so that a trial is judged after all that need its weights.
  for (auto trial = plan.trials.rbegin(); trial != plan.trials.rend(); ++trial) {
    if (force || !store.reusable(*trial)) chosen.insert(trial->id);
    if (!chosen.contains(trial->id)) continue;
    for (const auto& source : trial->needs)
      if (!can_be_used(source)) chosen.insert(source);
  }
  std::vector<const core::Trial*> result;
  for (const auto& trial : plan.trials)
    if (chosen.contains(trial.id)) result.push_back(&trial);
  return result;
}

LocalPool::LocalPool(std::vector<const core::Trial*> trials, core::Store& store, CostBook& costs,
                     Progress& progress, PoolOptions options)
    : store_(store),
      costs_(costs),
      progress_(progress),
      options_(settle(std::move(options))),
      quarantine_(options_.quarantine),
      nursery_({equipped(options_.worker), "serve"},
               [this](const std::string& text) { progress_.note(text); }),
      open_(trials.size()) {
  for (const auto* trial : trials) {
    const auto estimate = costs.estimate(trial->outline());
    const auto seconds = estimate ? std::optional(estimate->seconds) : std::nullopt;
    jobs_.push_back({trial, State::kWaiting, seconds});
    if (estimate) jobs_.back().mib = estimate->mib;
    jobs_.back().had = !options_.listed && usable(*trial);
  }
  order_by_rank();
}

void LocalPool::order_by_rank() {
  std::map<std::string, double> behind;  // of each trial, the longest chain that waits for it
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
    job->rank = job->cost.value_or(1) + behind[job->trial->id];
    for (const auto& source : job->trial->needs)
      behind[source] = std::max(behind[source], job->rank);
  }
  std::stable_sort(jobs_.begin(), jobs_.end(),
                   [](const Job& a, const Job& b) { return a.rank > b.rank; });
  for (std::size_t i = 0; i < jobs_.size(); ++i) index_[jobs_[i].trial->id] = i;
}

Tally LocalPool::run() {
  while (open_ > 0) {
    if (stop_time_ == 0) start_ready();
    if (open_ == 0 || (workers_.empty() && (stop_time_ > 0 || nothing_left_for_us()))) break;
    on_signal(signals_.next(kTick));
    for (auto& worker : workers_) tend(worker);
    std::erase_if(workers_, [this](Worker& worker) { return reap(worker); });
    enforce_grace();
    draw();
  }
  return tally_;
}

void LocalPool::start_ready() {
  for (std::size_t i = 0;
       i < jobs_.size() && workers_.size() < static_cast<std::size_t>(options_.jobs); ++i) {
    Job& job = jobs_[i];
    if (job.state != State::kWaiting && job.state != State::kElsewhere) continue;
    if (job.again > core::seconds_now()) continue;
    if (const auto source = failed_source(job)) {
      if (options_.listed && settled_elsewhere(job)) continue;
      const auto record = record_without_source(*job.trial, *source);
      store_.save(record);
      finish(job, record, 0);
    } else if (!waits(job)) {
      const auto gpu = gpu_for(job);
      if (!gpu) return;  // those behind it are smaller, and would keep it waiting for ever
      start(i, *gpu);
    }
  }
}

std::optional<core::Record> LocalPool::failed_source(const Job& job) const {
  for (const auto& source : job.trial->needs)
    if (const auto ended = ended_.find(source); ended != ended_.end() && !ended->second.ok())
      return ended->second;
  return std::nullopt;
}

bool LocalPool::waits(const Job& job) const {
  return std::any_of(job.trial->needs.begin(), job.trial->needs.end(),
                     [this](const std::string& source) {
                       const auto job = index_.find(source);
                       return job != index_.end() && jobs_[job->second].state != State::kEnded;
                     });
}

bool LocalPool::start(std::size_t index, std::size_t gpu) {
  Job& job = jobs_[index];
  const core::TrialFolder folder = store_.folder(job.trial->id);
  // Of a list most trials are done when one comes to them: that is seen without a lock.
  if (options_.listed && may_be_settled(job) && settled_elsewhere(job)) return false;
  auto lock = TrialLock::take(folder);
  if (!lock) {
    job.state = State::kElsewhere;
    job.again = core::seconds_now() + kAgainSeconds;
    return false;
  }
  if (may_be_settled(job) && settled_elsewhere(job)) return false;
  job.state = State::kWaiting;
  if (left_out(job)) return false;
  if (options_.fresh && job.attempts == 0) fs::remove(folder.checkpoint());
  write_spec(*job.trial, folder);
  const std::string log = folder.log().string();
  std::optional<std::string> stays_on;
  if (options_.device != "cpu") stays_on = options_.gpus.size() > 1 ? options_.gpus[gpu] : "";
  auto process = nursery_.start(trial_command(options_, folder), log, stays_on);
  End end;
  end.log = log;
  end.started = core::utc_now();
  workers_.push_back({index, std::move(*lock), std::move(process), core::seconds_now(), oom_kills(),
                      std::move(end), gpu, false, written(folder.checkpoint())});
  const auto here = [&](const Worker& worker) { return worker.gpu == gpu; };
  if (std::ranges::count_if(workers_, here) > 1)
    for (auto& worker : workers_) worker.beside_others = worker.beside_others || here(worker);
  job.state = State::kRunning;
  ++job.attempts;
  return true;
}

std::optional<std::size_t> LocalPool::gpu_for(const Job& job) const {
  std::vector<GpuLoad> loads(std::max<std::size_t>(1, options_.gpus.size()));
  for (const auto& worker : workers_) {
    ++loads[worker.gpu].trials;
    loads[worker.gpu].mib += need_mib(jobs_[worker.job]);
  }
  return room_for(need_mib(job), loads, options_.gpu_memory_mib);
}

/// Of what nobody knows as much as -j says that there is for each.
double LocalPool::need_mib(const Job& job) const {
  if (job.alone) return options_.gpu_memory_mib;
  const auto gpus = static_cast<double>(std::max<std::size_t>(1, options_.gpus.size()));
  return job.mib > 0 ? job.mib : options_.gpu_memory_mib / 2 / std::max(1.0, options_.jobs / gpus);
}

bool LocalPool::usable(const core::Trial& trial) const {
  return store_.reusable(trial, trial.keep_weights);
}

bool LocalPool::may_be_settled(const Job& job) const {
  if (job.attempts > 0) return job.state == State::kElsewhere;
  return options_.listed || job.state == State::kElsewhere || (!job.had && usable(*job.trial));
}

/// What another `ktbench` has made of a trial:
/// of a list at any time, else while we waited for its lock.
bool LocalPool::settled_elsewhere(Job& job) {
  const auto record = store_.load(job.trial->id);
  if (!record || record->key != job.trial->key || record->status == Status::kInterrupted)
    return false;
  if (!options_.listed) {
    finish(job, *record, 0);
  } else {
    count(job, *record);
    progress_.passed();
  }
  return true;
}

/// Of a list: all that is open is at work elsewhere.
bool LocalPool::nothing_left_for_us() const {
  return options_.leave && std::ranges::all_of(jobs_, [](const Job& job) {
           return job.state == State::kEnded || job.state == State::kElsewhere;
         });
}

/// Of a plugin in quarantine. What it had before stays.
bool LocalPool::left_out(Job& job) {
  const auto reason = quarantine_.against(*job.trial);
  if (reason.empty()) return false;
  const auto record = record_not_started(*job.trial, reason);
  if (!usable(*job.trial)) store_.save(record);
  finish(job, record, 0);
  return true;
}

void LocalPool::tend(Worker& worker) {
  const core::Trial& trial = *jobs_[worker.job].trial;
  worker.end.seconds = core::seconds_now() - worker.start;
  worker.end.resident_mib = std::max(worker.end.resident_mib, worker.process->resident_mib());
  if (!worker.lost && !worker.lock.renew()) {
    worker.lost = true;
    worker.process->send(SIGKILL);
    progress_.note(
        fmt::format("{}: another machine took it over, since this one stood still", title(trial)));
  }
  if (worker.end.killed != Killed::kNo || worker.lost) return;
  const auto& [seconds, memory, retries] = trial.outline().limits;
  if (seconds > 0 && worker.end.seconds > seconds) worker.end.killed = Killed::kTimeout;
  if (memory > 0 && static_cast<double>(worker.end.resident_mib) > memory)
    worker.end.killed = Killed::kMemory;
  if (worker.end.killed != Killed::kNo) worker.process->send(SIGKILL);
}

bool LocalPool::reap(Worker& worker) {
  const auto exit = worker.process->poll();
  if (!exit) return false;
  worker.end.exit = *exit;
  worker.end.by_kernel = exit->signal == SIGKILL && oom_kills() > worker.oom_kills;
  Job& job = jobs_[worker.job];
  if (worker.lost) {
    job.state = State::kElsewhere;
    return true;
  }
  if (worth_retrying(job, worker)) {
    job.state = State::kWaiting;
    progress_.note(fmt::format(
        "{}: {}; tried again", title(*job.trial),
        worker.end.by_kernel ? "the kernel killed it for want of memory" : "killed from outside"));
    return true;
  }
  auto record = store_.load(job.trial->id);
  if (!record) {
    record = record_of(*job.trial, worker.end);
    store_.save(*record);
  }
  if (to_be_alone(job, worker, *record)) return true;
  tally_.further |= record->status != Status::kInterrupted ||
                    written(store_.folder(job.trial->id).checkpoint()) != worker.checkpoint;
  quarantine_.note(*job.trial, *record);
  costs_.add(job.trial->outline(),
             *record);  // of what ran here, so that each trial is counted once
  finish(job, *record, worker.end.seconds);
  return true;
}

/// Only a kill from outside is the machine's fault; a plugin that crashed once crashes again.
bool LocalPool::worth_retrying(const Job& job, const Worker& worker) const {
  return worker.end.exit.signal == SIGKILL && worker.end.killed == Killed::kNo && stop_time_ == 0 &&
         job.attempts <= job.trial->outline().limits.retries;
}

/// Memory of a GPU that was not there may have been its neighbours'.
bool LocalPool::to_be_alone(Job& job, const Worker& worker, const core::Record& record) {
  if (record.status != Status::kOutOfMemory || options_.gpu_memory_mib <= 0 ||
      !worker.beside_others || job.alone || stop_time_ > 0)
    return false;
  job.alone = true;
  job.state = State::kWaiting;
  progress_.note(fmt::format("{}: no memory left beside others; tried again with a GPU to itself",
                             title(*job.trial)));
  return true;
}

void LocalPool::finish(Job& job, const core::Record& record, double seconds) {
  count(job, record);
  ++(record.ok() ? tally_.ok : tally_.bad);
  progress_.finished(*job.trial, record, seconds, seconds_left());
}

void LocalPool::count(Job& job, const core::Record& record) {
  job.state = State::kEnded;
  --open_;
  ended_[job.trial->id] = record;
}

void LocalPool::on_signal(int signal) {
  if (signal != SIGINT && signal != SIGTERM && signal != SIGUSR1) return;
  const bool again = stop_time_ > 0;
  if (!again) {
    stop_time_ = core::seconds_now();
    tally_.interrupted = true;
    tally_.time_up = signal == SIGUSR1;
    progress_.note(fmt::format("{}stopping {} trials; once more kills them",
                               tally_.time_up ? "the time of this job is up: " : "",
                               workers_.size()));
  }
  for (auto& worker : workers_) {
    if (worker.end.killed == Killed::kNo)
      worker.end.killed = tally_.time_up ? Killed::kTimeUp : Killed::kInterrupt;
    worker.process->send(again ? SIGKILL : SIGTERM);
  }
}

/// Where time is up, whoever gave it sees to its end.
void LocalPool::enforce_grace() {
  if (stop_time_ == 0 || tally_.time_up || core::seconds_now() < stop_time_ + kGraceSeconds) return;
  for (auto& worker : workers_) worker.process->send(SIGKILL);
}

Running LocalPool::at_work(const Worker& worker) const {
  const core::Trial& trial = *jobs_[worker.job].trial;
  const auto progress = store_.progress(trial.id);
  return progress ? Running{title(trial), progress->step, progress->steps} : Running{title(trial)};
}

std::optional<double> LocalPool::seconds_left() const {
  double known = 0, count = 0, work = 0, unknown = 0;
  for (const auto& [id, record] : ended_) {
    const auto cost = record.cost.find("total_seconds");
    if (record.ok() && cost != record.cost.end()) known += cost->second, ++count;
  }
  for (const auto& job : jobs_) {
    if (job.state == State::kEnded) continue;
    job.cost ? work += *job.cost : ++unknown;
  }
  if (unknown > 0 && count == 0) return std::nullopt;
  if (unknown > 0) work += unknown * known / count;
  for (const auto& worker : workers_)
    work -= std::min(core::seconds_now() - worker.start, jobs_[worker.job].cost.value_or(0));
  const double lanes =
      std::min<double>(options_.jobs, static_cast<double>(std::max<std::size_t>(1, open_)));
  return std::max(0.0, work) / lanes;
}

void LocalPool::draw() {
  std::vector<Running> running;
  for (const auto& worker : workers_) running.push_back(at_work(worker));
  progress_.running(running, seconds_left());
}

}  // namespace ktb::launch
