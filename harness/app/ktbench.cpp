#include <fmt/format.h>
#include <malloc.h>

#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/line/completion.hpp"
#include "app/line/fault.hpp"
#include "app/line/help.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/base/version.hpp"

namespace {

using namespace ktb;

int guarded(const app::Action& action) {
  try {
    return action();
  } catch (const core::PluginError& error) {
    core::print(stderr, "error: {}\n", error.what());
    return app::kPluginNotLoaded;
  } catch (const core::Error& error) {
    core::print(stderr, "{}\n", error.what());
  } catch (const std::exception& error) {
    core::print(stderr, "error: {}\n", error.what());
  }
  return app::kBadUsage;
}

}  // namespace

int main(int argc, char** argv) {
  // Millions of small pieces are freed: with glibc's default each large one goes through all that
  // were since the last, a seventh of a report of 10,000 trials.
  mallopt(M_MXFAST, 0);
  CLI::App commands("Benchmarks of knowledge transfer between unlike neural networks.", "ktbench");
  commands.set_version_flag("--version", std::string(core::version()));
  commands.require_subcommand(1);
  app::Action action;
  for (const auto add : {app::add_run, app::add_work, app::add_plan, app::add_report, app::add_list,
                         app::add_cell, app::add_predict, app::add_deploy, app::add_results,
                         app::add_data, app::add_plugin, app::add_score, app::add_doctor,
                         app::add_verify_resume, app::add_completion, app::add_help})
    add(commands, action);
  app::add_examples(commands);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (app::answer_completion(commands, words)) return app::kOk;
  try {
    commands.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream help, fault;
    const int code = commands.exit(error, help, fault);
    core::print("{}", help.str());
    if (code == 0) return app::kOk;
    core::print(stderr, "{}",
                words.empty() ? commands.help() : app::fault_of(commands, words, error));
    return app::kBadUsage;
  }
  return guarded(action);
}
