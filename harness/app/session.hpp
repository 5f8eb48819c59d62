#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "core/suite/suite.hpp"
#include "launch/catalogue.hpp"
#include "launch/costs.hpp"

namespace ktb::app {

/// Where results, plugins and data are: options of every command.
struct Site {
  std::string results = "results";
  std::vector<std::string> plugins, data_dirs;

  void add_to(CLI::App& command);
  std::string worker() const;                     ///< throws core::Error where it is missing
  std::vector<std::string> worker_flags() const;  ///< --plugins and --data-dir
  std::unique_ptr<launch::WorkerCatalogue> catalogue() const;
  core::Store store() const { return core::Store(results); }
  launch::CostBook costs() const { return launch::CostBook(results + "/cache/costs.jsonl"); }
};

/// --device.
void add_device_to(CLI::App& command, std::string& device);

/// Results that are looked at, which must be there; throws core::Error.
core::Store results_in(const std::string& folder);

/// What to take where a suite's text has changed since its plan was stored: results that others
/// made are best read as they were run.
enum class IfChanged { kPlanAnew, kAsRun };

/// Which suite, and how it is read.
struct Choice {
  Site site;
  std::string suite, profile, device = "cpu";
  bool smoke = false;
  std::vector<std::string> filters, overrides;
  std::vector<std::string> accepted;  ///< what may differ in a record that is reused

  void add_to(CLI::App& command);
  /// All but the suite itself.
  void add_options_to(CLI::App& command);
  /// --accept, for commands that look at records of a whole suite.
  CLI::Option* add_accept_to(CLI::App& command);
  /// The words of a command line that chooses the same, from any folder.
  std::vector<std::string> words() const;
  /// The suite, profile, device, kind of run and further options behind a stored plan.
  void take(const core::Plan& plan);
  core::Suite read() const;
  core::Plan plan(core::Catalogue& catalogue) const;
  /// The plan that the last `run` stored.
  std::optional<core::Plan> stored_plan() const;
  /// The suite's plan as it stands, for commands that look at what was run: the stored one as long
  /// as it is that of the suite's text and of this command line, which needs no plugin, else made
  /// anew. What is shown in its place, where plugins or data are missing here, has a `caveat`.
  core::Plan last_plan(IfChanged if_changed = IfChanged::kPlanAnew) const;

 private:
  std::optional<core::Plan> stored_plan(const core::Suite& chosen) const;
  core::Plan plan_to_look_at() const;
  core::Plan planned_again(core::Plan stored, const std::string& why) const;
};

/// Says which plugins or data are missing for `trials` and gives the exit code; 0: none are.
int refuse_missing(const core::Plan& plan, const std::vector<const core::Trial*>& trials);

/// Cells of which every word is an axis value (or glob of one), `method pair`, or one of its
/// trials' ids. Throws core::Error where there is none, with what there is.
std::vector<const core::Cell*> cells_named(const core::Plan& plan,
                                           const std::vector<std::string>& words);

/// `kd, r56 -> r20, images`: a cell in the suite's words.
std::string title(const core::Cell& cell);

}  // namespace ktb::app
