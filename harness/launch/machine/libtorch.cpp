#include "launch/machine/libtorch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "core/base/error.hpp"
#include "core/base/version.hpp"
#include "launch/process.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "lib/libtorch_cpu.so";

// Finds without importing, which takes a second. A folder `torch` where one stands is none.
constexpr const char* kAskPython = R"(import sys
sys.path = [path for path in sys.path if path]
from importlib.util import find_spec
torch = find_spec("torch")
print(next(iter(torch.submodule_search_locations)) if torch else "")
)";

/// `2.11.0`, of Python's package or of an archive from pytorch.org; empty: it does not say.
std::string version_of(const fs::path& root) {
  static const std::regex digits(R"((^|__version__ = ')(\d+\.\d+\.\d+))");
  for (const char* name : {"version.py", "build-version"}) {
    std::ostringstream text;
    text << std::ifstream(root / name).rdbuf();
    const std::string whole = text.str();
    if (std::smatch found; std::regex_search(whole, found, digits)) return found[2];
  }
  return "";
}

/// Why a folder does not serve; empty: it does.
std::string fault_of(const fs::path& root) {
  std::error_code none;
  if (!fs::exists(root, none)) return "not there";
  if (!fs::exists(root / kLibrary, none)) return fmt::format("has no {}", kLibrary);
  const auto version = version_of(root);
  if (!version.empty() && version != core::torch_version())
    return fmt::format("is LibTorch {}", version);
  return "";
}

std::string asked_of_python() {
  auto answer = ask({"python3", "-c", kAskPython}).output;
  if (answer.ends_with('\n')) answer.pop_back();
  return answer.substr(answer.rfind('\n') + 1);  // a start-up file of Python's may say more
}

[[noreturn]] void fail(const std::string& looked_at) {
  throw core::Error(fmt::format(
      "error: LibTorch {0} was not found; it was looked for in\n{1}"
      "Install it where python3 finds it (pip install torch=={0}), or set KTB_TORCH_ROOT to a "
      "folder that has {2}.",
      core::torch_version(), looked_at, kLibrary));
}

}  // namespace

std::string find_libtorch(const fs::path& home) {
  std::string looked_at;
  const auto serves = [&](const char* what, const fs::path& root) {
    const auto fault = root.empty() ? "no torch there" : fault_of(root);
    looked_at +=
        fmt::format("  {:<15} {}{}{}\n", what, root.string(), root.empty() ? "" : ": ", fault);
    return fault.empty();
  };
  if (const char* named = std::getenv("KTB_TORCH_ROOT"); named != nullptr && *named != '\0') {
    if (!serves("KTB_TORCH_ROOT", named)) fail(looked_at);
    return named;
  }
  looked_at += "  KTB_TORCH_ROOT  not set\n";
  for (const auto& root : {home / "lib/ktbench/torch", home.parent_path() / "torch"})
    if (serves("this ktbench", root)) return root.string();
  const fs::path imported = asked_of_python();
  if (!serves("python3", imported)) fail(looked_at);
  return imported.string();
}

const std::string& libtorch() {
  static const std::string root =
      find_libtorch(fs::path(beside_this("")).parent_path().parent_path());
  return root;
}

}  // namespace ktb::launch
