#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "app/command.hpp"
#include "app/session.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/base/plugin_file.hpp"
#include "core/base/version.hpp"
#include "launch/local.hpp"
#include "launch/machine/equipped.hpp"
#include "launch/machine/libtorch.hpp"
#include "launch/process.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;
using core::Json;

std::string without_prefix(const std::string& error) {
  return error.starts_with("error: ") ? error.substr(7) : error;
}

/// One line a finding; a fault is counted.
class Findings {
 public:
  void good(const char* what, const std::string& text) const {
    core::print("  ok    {:<9} {}\n", what, text);
  }
  void note(const char* what, const std::string& text) const {
    core::print("  -     {:<9} {}\n", what, text);
  }
  void bad(const char* what, const std::string& text) {
    core::print("  FAULT {:<9} {}\n", what, text);
    ++faults_;
  }
  int faults() const { return faults_; }

 private:
  int faults_ = 0;
};

/// `MemAvailable` and its like, in GiB.
double memory(const std::string& field) {
  std::ifstream info("/proc/meminfo");
  for (std::string name; info >> name;) {
    double kib = 0;
    info >> kib;
    if (name == field + ":") return kib / (1 << 20);
    info.ignore(64, '\n');
  }
  return 0;
}

/// Whether a worker's malloc, which asks for huge pages, gets any.
void pages(const Findings& findings) {
  constexpr auto kSwitch = "/sys/kernel/mm/transparent_hugepage/enabled";
  std::ifstream file(kSwitch);
  for (std::string word; file >> word;) {
    if (word == "[always]" || word == "[madvise]")
      findings.good("pages", "huge ones where trials want them");
    if (word == "[never]")
      findings.note("pages",
                    fmt::format("small ones only: a step on a CPU may take a third longer; "
                                "as root: echo madvise >{}",
                                kSwitch));
  }
}

void machine(const Site& site, const Findings& findings) {
  const auto pool = launch::settle({});
  findings.good("cores",
                fmt::format("{} for this process; by default {} trials at once, {} thread each",
                            pool.jobs * pool.threads, pool.jobs, pool.threads));
  findings.good("memory", fmt::format("{:.1f} of {:.1f} GiB free", memory("MemAvailable"),
                                      memory("MemTotal")));
  pages(findings);
  std::error_code failure;
  const auto space = fs::space(fs::exists(site.results) ? site.results : ".", failure);
  if (!failure)
    findings.good("disk", fmt::format("{:.1f} GiB free for {}",
                                      static_cast<double>(space.available) / (1 << 30),
                                      fs::absolute(site.results).lexically_normal().string()));
}

void environment(Findings& findings) {
  const auto worker = launch::beside_this("ktbench-worker");
  if (!fs::exists(worker)) return findings.bad("worker", worker + " is missing: run scripts/build");
  try {
    findings.good("libtorch", launch::libtorch());
  } catch (const core::Error& error) {
    return findings.bad("libtorch", without_prefix(error.what()));
  }
  const auto answer = launch::ask({launch::equipped(worker), "host"});
  const Json json = Json::parse(answer.output, nullptr, false);
  if (answer.exit.code != 0 || answer.exit.signal != 0 || !json.is_object())
    return findings.bad("worker", fmt::format("{} does not run:\n{}", worker, answer.errors));
  findings.good("worker", worker);
  for (const auto& [name, value] : json.items())
    findings.good(name.c_str(), value.is_string() ? value.get<std::string>() : value.dump());
  findings.good("built for", fmt::format("LibTorch {}, SDK {}, build {}", core::torch_version(),
                                         core::sdk_hash(), core::build_hash()));
}

/// A machine without one lacks nothing.
void gpu(const Findings& findings) {
  const auto answer =
      launch::ask({launch::beside_this("ktbench-worker"), "host", "--device", "cuda"});
  const Json json = Json::parse(answer.output, nullptr, false);
  if (answer.exit.code == 0 && answer.exit.signal == 0 && json.is_object()) {
    const auto told = [&](const char* name) {
      const auto value = json.value(name, Json("unknown"));
      return value.is_string() ? value.get<std::string>() : value.dump();
    };
    return findings.good(
        "gpu", fmt::format("{} of {:.0f} GiB, driver {}; LibTorch's CUDA half loads (CUDA {}, "
                           "cuDNN {})",
                           told("device"), json.value("device_memory_mib", 0.0) / 1024,
                           told("driver"), told("cuda"), told("cudnn")));
  }
  const auto why = answer.errors.substr(0, answer.errors.find('\n'));
  const bool here = fs::exists("/dev/nvidia0");
  findings.note(
      "gpu",
      fmt::format("{}: {}",
                  here ? "there is one that LibTorch cannot use (scripts/setup gets its CUDA half)"
                       : "none here, so trials run on the CPU",
                  without_prefix(why)));
}

void plugins(const Site& site, Findings& findings) {
  const auto dirs = core::plugin_dirs(site.plugins);
  const auto notes = core::find_plugins(dirs);
  if (notes.empty())
    return findings.bad("plugins", fmt::format("none in {}", fmt::join(dirs, ", ")));
  std::size_t fitting = 0;
  for (const auto& note : notes) {
    const auto differences = core::abi_differences(note.abi, std::string(core::host_abi()));
    if (differences.empty())
      ++fitting;
    else
      findings.bad("plugin", fmt::format("{}: {}", note.path, fmt::join(differences, "; ")));
  }
  findings.good("plugins", fmt::format("{} fit this build", fitting));
}

/// Loads every method and data set, and says which data are there.
void loading(const Site& site, Findings& findings) {
  const auto catalogue = site.catalogue();
  core::DescribeRequest request;
  const auto add = [&](const char* kind, std::map<std::string, core::PluginQuestion>& section) {
    for (const auto& name : catalogue->names(kind)) {
      const auto plugin = catalogue->find(kind, name);
      section[name] = {plugin->name, plugin->preset};
    }
  };
  add("dataset", request.datasets);
  add("method", request.methods);
  core::DescribeAnswers answers;
  try {
    answers = catalogue->describe(request);
  } catch (const core::Error& error) {
    return findings.bad("plugins", error.what());
  }
  const auto faults = [&](const auto& section) {
    for (const auto& [name, answer] : section)
      if (answer.error) findings.bad("plugin", name + ": " + answer.error->message);
  };
  faults(answers.datasets);
  faults(answers.methods);
  for (const auto& [name, answer] : answers.datasets) {
    if (answer.error) continue;
    if (answer.found)
      findings.good("data", name);
    else
      findings.note("data",
                    fmt::format("{0} is missing; `ktbench data {0}` says how to get it", name));
  }
}

int doctor(const Site& site) {
  Findings findings;
  core::print("ktbench {}\n", core::version());
  machine(site, findings);
  environment(findings);
  if (findings.faults() == 0) gpu(findings);
  plugins(site, findings);
  if (findings.faults() == 0) loading(site, findings);
  core::print("{}\n",
              findings.faults() == 0 ? "all is well" : fmt::format("{} faults", findings.faults()));
  return findings.faults() == 0 ? kOk : kTrialFailed;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand("doctor", "what this machine has, and what is missing");
  const auto site = std::make_shared<Site>();
  site->add_to(command);
  command.callback([=, &action] { action = [=] { return doctor(*site); }; });
}

}  // namespace ktb::app
