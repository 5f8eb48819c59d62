#pragma once
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "run/plugins/loader.hpp"

namespace ktb::run {

/// `ktbench plugin test`: what every plugin of a kind must keep, on tasks and models of the kit's
/// own, computed on `device`; data sets stay on the CPU. Prints one line a check and, at the end,
/// `N passed, N failed, N skipped`; returns 1 if any failed, else 0. `options` stand in place of
/// the plugin's defaults. Throws core::PluginError where the file cannot be loaded.
int test_plugin(Registry& registry, const std::string& library,
                const std::vector<std::string>& data_dirs, std::ostream& out,
                const core::Json& options = core::Json::object(), at::Device device = at::kCPU);

/// Whether a GPU records the steps of a method and replays them: RecordedSteps::told() of the kit's
/// first pairing that suits it. `device`: a GPU, or what stands for one.
std::string recorded(Registry& registry, const std::string& method, at::Device device);

/// A check that does not apply, with the reason.
struct Skipped : Error {
  using Error::Error;
};
/// Throws Error with this text unless it holds.
void demand(bool holds, const std::string& text);
/// Throws Error unless every option that was declared has a help text.
void demand_help(const Options& options);

/// Prints and counts checks.
class Report {
 public:
  explicit Report(std::ostream& out) : out_(out) {}
  /// `body` throws Skipped, or whatever else the check failed by; true if it passed.
  bool check(const std::string& what, const std::function<void()>& body);
  /// A line that counts for nothing.
  void note(const std::string& text) { line("note", text); }
  /// Prints the last line; the exit code.
  int finish() const;

 private:
  void line(const char* word, const std::string& text);

  std::ostream& out_;
  int passed_ = 0, failed_ = 0, skipped_ = 0;
};

void test_method(Registry& registry, const std::string& name, at::Device device, Report& report);
void test_model(Registry& registry, const std::string& name, at::Device device, Report& report);
void test_dataset(Registry& registry, const std::string& name,
                  const std::vector<std::string>& data_dirs, Report& report);
/// What remains of it where the data come from acting.
void test_environment(const ControlDataset& set, Report& report);

}  // namespace ktb::run
