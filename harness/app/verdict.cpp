#include "app/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/output/print.hpp"

namespace ktb::app {
namespace {

constexpr std::size_t kShown = 10;

}  // namespace

void add_tolerance(CLI::App& command, double& tolerance) {
  command
      .add_option("--tolerance", tolerance,
                  "numbers a and b count as equal up to |a - b| / max(1, |a|, |b|); 0: bit for bit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void print_differences(const core::Comparison& comparison, const std::string& more) {
  const auto& all = comparison.differences;
  for (std::size_t i = 0; i < std::min(kShown, all.size()); ++i) core::print("  {}\n", all[i]);
  if (all.size() > kShown) core::print("  and {} more\n", all.size() - kShown);
  for (const auto& cause : comparison.causes) core::print("  because of {}\n", cause);
  core::print("{}", more);
  if (comparison.causes.empty() && more.empty())
    core::print(
        "  machine, library, threads, plugins, data and build are the same, as far as both records "
        "tell: the trial itself does not come out the same twice\n");
}

}  // namespace ktb::app
