#include "launch/machine/mps.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/text_file.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kProgram = "nvidia-cuda-mps-control";
constexpr const char* kPipes = "CUDA_MPS_PIPE_DIRECTORY";
constexpr auto kUsualPipes = "/tmp/nvidia-mps";
constexpr auto kPatience = 10s;

bool runs_already() {
  const char* named = ::getenv(kPipes);
  return fs::exists(fs::path(named != nullptr ? named : kUsualPipes) / "control");
}

/// Short, since a pipe's path may have no more than 107 bytes.
std::string new_folder() {
  std::string name = "/tmp/ktbench-mps.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw core::Error("error: --mps: no folder for its pipe can be made in /tmp");
  return name;
}

std::string said(const std::string& log) {
  std::error_code gone;
  const auto text = fs::exists(log, gone) ? core::read_text(log) : "";
  return text.substr(0, text.find('\n'));
}

}  // namespace

Mps::Mps() {
  if (runs_already()) return;
  folder_ = new_folder();
  const std::string log = folder_ + "/mps.log";
  ::setenv(kPipes, folder_.c_str(), 1);
  ::setenv("CUDA_MPS_LOG_DIRECTORY", folder_.c_str(), 1);
  control_ = std::make_unique<Process>(std::vector<std::string>{kProgram, "-f"}, log);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!fs::exists(folder_ + "/control")) {
    const bool ended = control_->poll().has_value();
    if (!ended && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(20ms);
      continue;
    }
    const auto reason = ended ? said(log) : "it says nothing";
    control_.reset();
    ::unsetenv(kPipes);
    fs::remove_all(folder_);
    throw core::Error(
        fmt::format("error: --mps: {} does not start: {}. Without --mps trials take "
                    "turns on a GPU",
                    kProgram, reason));
  }
}

Mps::~Mps() {
  if (!control_) return;
  ask({kProgram}, "quit\n");
  control_.reset();
  ::unsetenv(kPipes);
  std::error_code gone;
  fs::remove_all(folder_, gone);
}

}  // namespace ktb::launch
