#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace ktb::app {

enum ExitCode {
  kOk = 0,
  kTrialFailed = 1,
  kBadUsage = 2,
  kPluginNotLoaded = 3,
  kTryAgain = 75  ///< of `work`: stopped before all was done, as sysexits.h has it
};

/// What the command line chose: runs once it has been read and gives the exit code.
using Action = std::function<int()>;

// One file a group of commands; each adds its subcommands, which set `action`.
void add_run(CLI::App& app, Action& action);            ///< run
void add_work(CLI::App& app, Action& action);           ///< work
void add_plan(CLI::App& app, Action& action);           ///< plan
void add_report(CLI::App& app, Action& action);         ///< status, report, export
void add_list(CLI::App& app, Action& action);           ///< list
void add_cell(CLI::App& app, Action& action);           ///< show, why, rerun
void add_predict(CLI::App& app, Action& action);        ///< predict
void add_deploy(CLI::App& app, Action& action);         ///< deploy
void add_results(CLI::App& app, Action& action);        ///< clean, compare, import
void add_data(CLI::App& app, Action& action);           ///< data
void add_plugin(CLI::App& app, Action& action);         ///< plugin
void add_score(CLI::App& app, Action& action);          ///< score
void add_doctor(CLI::App& app, Action& action);         ///< doctor
void add_verify_resume(CLI::App& app, Action& action);  ///< verify-resume

}  // namespace ktb::app
