#include "launch/commands.hpp"

#include <map>

#include "core/base/output/print.hpp"
#include "launch/process.hpp"
#include "launch/share/waves.hpp"
#include "launch/share/work_list.hpp"

namespace ktb::launch {

void print_commands(const std::string& name, const std::vector<const core::Trial*>& trials,
                    const core::Store& store, const PoolOptions& options, std::FILE* out) {
  if (trials.empty()) return;
  const auto wave_of = waves(trials);
  std::vector<Work> work;
  std::map<int, std::vector<const core::Trial*>> in_wave;
  for (const auto* trial : trials) {
    const int wave = wave_of.at(trial->id);
    in_wave[wave].push_back(trial);
    work.push_back({trial, std::to_string(wave)});
  }
  PoolOptions one = settle(options);
  one.jobs = 1;
  const WorkList list = WorkList::write(name, work, store, one);
  const std::string ktbench = beside_this("ktbench");
  for (const auto& [wave, its] : in_wave) {
    core::print(out, "# wave {}\n", wave);
    for (const auto* trial : its)
      core::print(out, "{}\n",
                  shell_line({ktbench, "work", list.file().string(), "--trial", trial->id}));
  }
}

}  // namespace ktb::launch
