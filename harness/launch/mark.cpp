#include "launch/mark.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <thread>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace ktb::launch {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kName = "KTBENCH_TRIAL=";
constexpr int kMostTries = 1000;  ///< a killed process may be busy with a disk

/// Whether there was any.
bool kill_all(const std::string& variable) {
  bool any = false;
  std::error_code gone;
  for (std::filesystem::directory_iterator entry("/proc", gone), end; !gone && entry != end;
       entry.increment(gone)) {
    const std::string pid = entry->path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry->path() / "environ", std::ios::binary);
    for (std::string one; std::getline(file, one, '\0');)
      if (one == variable) any = ::kill(std::stoi(pid), SIGKILL) == 0 || any;
  }
  return any;
}

/// The last variable of the name is the one that its own parent gave it.
char* own_variable() {
  char* own = nullptr;
  for (char** one = environ; *one != nullptr; ++one)
    if (std::string_view(*one).starts_with(kName)) own = *one;
  if (own == nullptr)
    throw core::Error("this process was started without a mark, so it can take no other");
  return own;
}

}  // namespace

Mark Mark::next() {
  static std::atomic<int> number{0};
  return Mark(fmt::format("{}{:010}.{:010}.{:016.0f}", kName, ::getpid(), ++number,
                          1e3 * core::seconds_now()));
}

void Mark::end_all() const {
  for (int tries = 0; tries < kMostTries && kill_all(text_); ++tries)
    std::this_thread::sleep_for(1ms);
}

Mark Mark::current() { return Mark(own_variable()); }

/// The kernel shows the bytes that a process was started with, so these are written over.
void Mark::take() const {
  char* const own = own_variable();
  if (std::string_view(own).size() != text_.size())
    throw core::Error("the mark of this process has another length, so it cannot be written over");
  std::copy(text_.begin(), text_.end(), own);
}

}  // namespace ktb::launch
