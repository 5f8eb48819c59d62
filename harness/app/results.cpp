#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/session.hpp"
#include "app/verdict.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/base/version.hpp"
#include "core/store/comparison.hpp"
#include "core/store/twins.hpp"
#include "launch/clean.hpp"
#include "launch/intake.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

/// 12.3 MiB
std::string size_text(std::uintmax_t bytes) {
  constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

struct CleanCommand {
  Choice choice;  ///< of each suite in turn
  std::vector<std::string> suites;
  bool really = false;
};

/// The trials that suites ask for in any profile and on any device: what they plan now, and what
/// their last runs planned.
class Needs {
 public:
  explicit Needs(const CleanCommand& command)
      : suites_(command.suites),
        choice_(command.choice),
        smoke_(command.choice.smoke),
        catalogue_(command.choice.site.catalogue()) {}

  std::set<std::string> of_all() {
    for (const auto& suite : suites_) add(suite);
    return std::move(ids_);
  }

 private:
  void add(const std::string& suite) {
    choice_.suite = suite;
    choice_.profile = kBody;
    const core::Suite body = choice_.read();
    add_profile();
    for (const auto& profile : body.profiles) {
      choice_.profile = profile;
      add_profile();
    }
  }

  void add_profile() {
    for (const bool smoke : {false, true}) {
      if (smoke && !smoke_) continue;
      choice_.smoke = smoke;
      const auto last = choice_.stored_plan();
      if (last) add(*last);
      for (const char* device : {"cpu", "cuda", "mock"}) {
        choice_.device = device;
        const core::Plan plan = choice_.plan(*catalogue_);
        add(plan);
      }
    }
  }

  void add(const core::Plan& plan) {
    for (const auto& trial : plan.trials) ids_.insert(trial.id);
  }

  static constexpr auto kBody = "paper";  // every suite has it

  const std::vector<std::string>& suites_;
  Choice choice_;
  const bool smoke_;
  const std::unique_ptr<launch::WorkerCatalogue> catalogue_;
  std::set<std::string> ids_;
};

int clean(const CleanCommand& command) {
  const core::Store store = results_in(command.choice.site.results);
  const auto stock = launch::take_stock(store, Needs(command).of_all());
  std::uintmax_t bytes = 0;
  std::size_t kept = 0;
  for (const auto& one : stock.needless) {
    const bool stays = command.really && !launch::discard(store, one);
    core::print("{:>10}  {}  {}{}\n", size_text(one.bytes), one.path.string(), one.what,
                stays ? "; started meanwhile, kept" : "");
    kept += stays;
    bytes += stays ? 0 : one.bytes;
  }
  for (const auto& path : stock.strangers)
    core::print("{:>10}  {}  no trial, left alone\n", "", path.string());
  core::print("{} trials are needed", stock.needed);
  if (!stock.held.empty()) core::print(", {} more belong to a run at work", stock.held.size());
  const std::size_t count = stock.needless.size() - kept;
  core::print("; {} {}, {}\n", count,
              command.really ? "were deleted" : "are needed by none of these suites",
              size_text(bytes));
  if (!command.really && count > 0) core::print("Nothing was deleted: --delete does it.\n");
  return kOk;
}

void add_clean(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "clean", "what a folder of results holds that no plan of these suites needs, with sizes");
  const auto options = std::make_shared<CleanCommand>();
  command
      .add_option("suites", options->suites,
                  "suite files: all their profiles count, and what their last runs planned")
      ->required();
  command.add_flag("--delete", options->really, "delete it; without, it is only listed");
  command.add_flag("--smoke", options->choice.smoke, "trials of two steps are needed too");
  options->choice.site.add_to(command);
  options->choice.add_accept_to(command);
  command.callback([=, &action] { action = [=] { return clean(*options); }; });
}

struct CompareCommand {
  std::string first, second;
  double tolerance = core::kTolerance;
};

/// Compares pair after pair and counts.
class Comparing {
 public:
  explicit Comparing(const CompareCommand& command)
      : first_(results_in(command.first)),
        second_(results_in(command.second)),
        tolerance_(command.tolerance) {}

  int run() {
    const auto paired = core::pair_up(first_, second_);
    if (paired.pairs.empty())
      throw core::Error(fmt::format("error: no trial is in both, of {} in {} and {} in {}",
                                    paired.only_first, first_.results().string(),
                                    paired.only_second, second_.results().string()));
    for (const auto& pair : paired.pairs) results_.emplace(pair.first, compare(pair));
    for (const auto& pair : paired.pairs) tell(pair);
    summarise(paired);
    return counts_[core::Agreement::kDifferent] > 0 ? kTrialFailed : kOk;
  }

 private:
  core::Comparison compare(const core::TrialPair& pair) {
    auto result = core::compare(first_, pair.first, second_, pair.second, tolerance_);
    ++counts_[result.agreement];
    return result;
  }

  /// Sources whose weights already differ.
  std::string unlike_sources(const std::string& id) const {
    std::string text;
    const auto stored = first_.trial(id);
    if (!stored) return text;
    for (const auto& source : stored->spec.sources) {
      const auto result = results_.find(source.trial);
      if (result == results_.end() || !has_causes(result->second.agreement)) continue;
      text += fmt::format("  because of its source {}\n", source.trial);
    }
    return text;
  }

  static bool has_causes(core::Agreement agreement) {
    return agreement == core::Agreement::kDifferent || agreement == core::Agreement::kEqual;
  }

  void tell(const core::TrialPair& pair) const {
    const auto& result = results_.at(pair.first);
    if (!has_causes(result.agreement)) return;
    const bool equal = result.agreement == core::Agreement::kEqual;
    core::print("{:<9}  {}{}{}\n", equal ? "equal" : "different", pair.first,
                pair.first == pair.second ? "" : " and " + pair.second,
                equal ? fmt::format("  up to {:.2g} apart", result.distance) : "");
    print_differences(result, unlike_sources(pair.first));
  }

  void summarise(const core::PairedTrials& paired) {
    core::print("{} trials in both: {} identical, {} equal within {:g}, {} different",
                paired.pairs.size(), counts_[core::Agreement::kIdentical],
                counts_[core::Agreement::kEqual], tolerance_, counts_[core::Agreement::kDifferent]);
    if (const auto bad = counts_[core::Agreement::kNoResult]; bad > 0)
      core::print(", {} without a result in either", bad);
    core::print("; {} only in {}, {} only in {}\n", paired.only_first, first_.results().string(),
                paired.only_second, second_.results().string());
  }

  const core::Store first_, second_;
  const double tolerance_;
  std::map<std::string, core::Comparison> results_;  ///< by id in the first folder
  std::map<core::Agreement, std::size_t> counts_;
};

void add_compare(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "compare",
      "the same trials in two folders of results: identical, equal, or different and why");
  const auto options = std::make_shared<CompareCommand>();
  command.add_option("first", options->first, "a folder of results")->required();
  command.add_option("second", options->second, "another")->required();
  add_tolerance(command, options->tolerance);
  command.footer("Exit code 0: none is different; 1: one is; 2: no trial is in both.");
  command.callback([=, &action] { action = [=] { return Comparing(*options).run(); }; });
}

struct ImportCommand {
  std::string folder, results = "results";
  bool dry = false;
};

/// Of other builds, for which a plan asks only on request.
std::string about_builds(const std::map<std::string, std::size_t>& builds) {
  std::string text;
  for (const auto& [build, count] : builds) {
    if (build.empty())
      text += fmt::format("note: {} of them do not say which build made them: no plan takes them\n",
                          count);
    else if (build != core::build_hash())
      text += fmt::format(
          "note: {} of them are of build {}, this is build {}: a plan takes them with "
          "--accept build\n",
          count, build, core::build_hash());
  }
  return text;
}

int import_results(const ImportCommand& command) {
  using Verdict = launch::Intake::Verdict;
  const core::Store from = results_in(command.folder), to(command.results);
  std::error_code none;
  if (fs::equivalent(from.results(), to.results(), none))
    throw core::Error(fmt::format("error: {} is the folder of results itself", command.folder));
  std::map<Verdict, std::size_t> counts;
  std::map<std::string, std::size_t> builds;
  for (const auto& id : from.trials()) {
    const auto taken = launch::take_in(from, id, to, command.dry);
    ++counts[taken.verdict];
    if (taken.verdict == Verdict::kTaken) ++builds[taken.build];
    if (taken.verdict == Verdict::kRefused) core::print("refused  {}\n  {}\n", id, taken.reason);
    if (taken.verdict == Verdict::kNoResult) core::print("left out {}: {}\n", id, taken.reason);
  }
  core::print("{} trials {}, {} were here already, {} have no result, {} refused\n",
              counts[Verdict::kTaken], command.dry ? "would be taken" : "taken",
              counts[Verdict::kKept], counts[Verdict::kNoResult], counts[Verdict::kRefused]);
  core::print("{}", about_builds(builds));
  return counts[Verdict::kRefused] > 0 ? kTrialFailed : kOk;
}

void add_import(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "import", "take the finished trials of another folder of results, once they are checked");
  const auto options = std::make_shared<ImportCommand>();
  command.add_option("folder", options->folder, "a colleague's folder of results")->required();
  command.add_option("--results", options->results, "the folder that takes them")
      ->capture_default_str();
  command.add_flag("--dry-run", options->dry, "check and count only");
  command.footer("Exit code 0: nothing was refused; 1: something was, the rest was taken.");
  command.callback([=, &action] { action = [=] { return import_results(*options); }; });
}

}  // namespace

void add_results(CLI::App& app, Action& action) {
  add_clean(app, action);
  add_compare(app, action);
  add_import(app, action);
}

}  // namespace ktb::app
