#include "launch/commands.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/output/print.hpp"

namespace ktb::launch {

void print_commands(const std::vector<const core::Trial*>& trials, const core::Store& store,
                    const PoolOptions& options, std::FILE* out) {
  const PoolOptions settled = settle(options);
  for (const auto* trial : trials) {
    const core::TrialFolder folder(std::filesystem::absolute(store.folder(trial->id).path()));
    write_spec(*trial, folder);
    core::print(out, "{} > {} 2>&1\n", shell_line(trial_command(settled, folder)),
                shell_quoted(folder.log().string()));
  }
}

}  // namespace ktb::launch
