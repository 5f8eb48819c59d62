#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "launch/costs.hpp"
#include "launch/lock.hpp"
#include "launch/outcome.hpp"
#include "launch/process.hpp"
#include "launch/progress.hpp"
#include "launch/quarantine.hpp"
#include "launch/serve/nursery.hpp"
#include "launch/signals.hpp"

namespace ktb::launch {

struct PoolOptions {
  int jobs = 0;     ///< trials at once; 0: chosen by `settle`
  int threads = 0;  ///< per trial
  std::string device = "cpu";
  std::string worker;                     ///< path of ktbench-worker
  std::vector<std::string> worker_flags;  ///< --plugins and --data-dir
  int quarantine = 3;  ///< crashes in a row after which a plugin's trials are left out; 0: never
  double checkpoint = 10;  ///< minutes between checkpoints of a trial; 0: none
  bool rehearse = false;   ///< every trial dies once and goes on
  bool fresh = false;      ///< no trial goes on from a checkpoint of another run
  /// Others work on the same list: a record that is there is how a trial ended, for them and here.
  bool listed = false;
  bool leave = false;  ///< of a list, what others have at work is not waited for at the end
  /// Among which trials are spread, the least loaded first, as CUDA_VISIBLE_DEVICES names them; at
  /// most one: trials find theirs alone. Chosen by `settle`.
  std::vector<std::string> gpus = {};
  /// Memory of each: so many trials share it as past ones of their kind say that there is room for.
  /// 0: nobody knows, and `jobs` alone decides.
  double gpu_memory_mib = 0;
};

/// Fills in what the user left open: on a CPU one thread a trial and as many trials as cores, on
/// GPUs one trial each with its share of the cores. Threads never follow the load, since another
/// number of threads rounds sums in another order.
PoolOptions settle(PoolOptions options);

/// Of settled options: where several trials are to share a GPU, what LibTorch says of its memory.
void look_at_memory(PoolOptions& options);

/// `ktbench-worker trial FOLDER` with its flags.
std::vector<std::string> trial_command(const PoolOptions& options, const core::TrialFolder& folder);

/// Puts trial.json into a fresh or an old folder and takes away
/// what an earlier attempt left as its outcome.
void write_spec(const core::Trial& trial, const core::TrialFolder& folder);

/// The trials of a plan that have no `ok` record of the same key, and the sources whose weights
/// these need and cannot use: gone, or not the ones that their records tell of.
std::vector<const core::Trial*> trials_to_run(const core::Plan& plan, const core::Store& store,
                                              bool force = false);

/// Of what ran here; of a list that is all that it counts.
struct Tally {
  std::size_t ok = 0, bad = 0;
  bool interrupted = false;
  bool time_up = false;  ///< interrupted by SIGUSR1: another job goes on
  bool further = false;  ///< a trial ended, or has a checkpoint that it had not
};

/// Runs trials as processes of this machine.
class LocalPool {
 public:
  LocalPool(std::vector<const core::Trial*> trials, core::Store& store, CostBook& costs,
            Progress& progress, PoolOptions options);

  /// Ends when all have ended, or after SIGINT, SIGTERM or SIGUSR1, which says that the time of the
  /// job is up: the first lets the workers end, the second kills them.
  Tally run();

 private:
  enum class State { kWaiting, kRunning, kElsewhere, kEnded };
  struct Job {
    const core::Trial* trial = nullptr;
    State state = State::kWaiting;
    std::optional<double> cost;  ///< seconds, by past trials
    double rank = 0;             ///< seconds of it and the longest chain behind it
    double mib = 0;              ///< of a GPU's memory, by past trials; 0: nobody knows
    bool alone = false;          ///< on its GPU: beside others it found no memory
    int attempts = 0;
    bool had = false;  ///< was there already and is run anew on request
    double again = 0;  ///< when to look once more whether others are done with it
  };
  struct Worker {
    std::size_t job = 0;
    TrialLock lock;
    std::unique_ptr<Process> process;
    double start = 0;
    std::int64_t oom_kills = 0;  ///< of the kernel when it started
    End end;
    std::size_t gpu = 0;
    bool beside_others = false;                                 ///< at some time, on its GPU
    std::optional<std::filesystem::file_time_type> checkpoint;  ///< that it went on from
    bool lost = false;                                          ///< to another machine
  };

  void order_by_rank();
  void start_ready();
  /// The failed source of a job, or whether it still waits for one.
  std::optional<core::Record> failed_source(const Job& job) const;
  bool waits(const Job& job) const;
  bool start(std::size_t index, std::size_t gpu);
  /// The GPU that has room for it; none: it is to wait. On a CPU there is.
  std::optional<std::size_t> gpu_for(const Job& job) const;
  double need_mib(const Job& job) const;
  bool may_be_settled(const Job& job) const;
  bool settled_elsewhere(Job& job);
  bool nothing_left_for_us() const;
  bool left_out(Job& job);
  void tend(Worker& worker);
  bool reap(Worker& worker);
  bool worth_retrying(const Job& job, const Worker& worker) const;
  bool to_be_alone(Job& job, const Worker& worker, const core::Record& record);
  void finish(Job& job, const core::Record& record, double seconds);
  void count(Job& job, const core::Record& record);
  void on_signal(int signal);
  bool usable(const core::Trial& trial) const;
  void enforce_grace();
  void draw();
  Running at_work(const Worker& worker) const;
  std::optional<double> seconds_left() const;

  std::vector<Job> jobs_;
  std::map<std::string, std::size_t> index_;
  core::Store& store_;
  CostBook& costs_;
  Progress& progress_;
  PoolOptions options_;
  Signals signals_;
  Quarantine quarantine_;
  Nursery nursery_;
  std::vector<Worker> workers_;
  std::map<std::string, core::Record> ended_;  ///< of this run
  std::size_t open_ = 0;
  double stop_time_ = 0;  ///< when the user asked to stop; 0: not yet
  Tally tally_;
};

}  // namespace ktb::launch
