#include "launch/machine/others.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>
#include <utility>

#include "core/base/clock.hpp"

namespace ktb::launch {
namespace {

constexpr double kLook = 0.2;  // seconds
constexpr double kFew = 0.5;   // cores that may be missing: every machine does something

struct Stat {
  double busy = 0;  ///< seconds of all cores since the machine started
  int cores = 0;
};

/// `cpu user nice system idle iowait irq softirq steal guest guest_nice`, then a line a core. What
/// guests did is in `user`.
Stat read(const std::filesystem::path& path) {
  Stat stat;
  std::ifstream file(path);
  std::string word;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft = 0, stolen = 0;
  if (!(file >> word >> user >> nice >> system >> idle >> waiting >> irq >> soft >> stolen))
    return stat;
  const double ticks = user + nice + system + irq + soft + stolen;
  stat.busy = ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  for (std::string line; std::getline(file, line);)
    stat.cores += line.starts_with("cpu") && line.size() > 3 && line[3] != ' ';
  return stat;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

double own_seconds() {
  double all = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage use{};
    ::getrusage(who, &use);
    all += seconds(use.ru_utime) + seconds(use.ru_stime);
  }
  return all;
}

int wanted(const PoolOptions& pool) { return pool.jobs * pool.threads; }

bool short_of_cores(double busy, int cores, const PoolOptions& pool) {
  return busy > kFew && busy + std::min(wanted(pool), cores) > cores + kFew;
}

}  // namespace

Others::Others(std::filesystem::path stat) : stat_(std::move(stat)) {
  const Stat now = read(stat_);
  cores_ = now.cores;
  before_ = now.busy;
  own_ = own_seconds();
  since_ = core::seconds_now();
}

double Others::busy() const {
  const double passed = core::seconds_now() - since_;
  if (cores_ == 0 || passed <= 0) return 0;
  const double others = read(stat_).busy - before_ - (own_seconds() - own_);
  return std::clamp(others / passed, 0.0, static_cast<double>(cores_));
}

double Others::busy_by_now() const {
  const double missing = since_ + kLook - core::seconds_now();
  if (missing > 0) std::this_thread::sleep_for(std::chrono::duration<double>(missing));
  return busy();
}

std::string busy_before(double busy, int cores, const PoolOptions& pool) {
  if (!short_of_cores(busy, cores, pool)) return "";
  auto text = fmt::format(
      "This machine is busy: others use {:.1f} of its {} cores, and this run wants {}. It takes "
      "longer, and so do the times in its records",
      busy, cores, wanted(pool));
  if (pool.jobs > 1) text += "; `-j 1` takes less of what is left";
  text += ".\n";
  if (pool.threads > 1)
    text +=
        "Threads of a trial wait without spinning (OMP_WAIT_POLICY=passive), so that they do not "
        "hold up each other; `--threads 1` needs no waiting.\n";
  return text;
}

std::string busy_meanwhile(double busy, int cores, const PoolOptions& pool) {
  if (!short_of_cores(busy, cores, pool)) return "";
  return fmt::format(
      "Others used {:.1f} of {} cores meanwhile: times in these records are longer than on an "
      "idle machine.\n",
      busy, cores);
}

}  // namespace ktb::launch
