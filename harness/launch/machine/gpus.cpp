#include "launch/machine/gpus.hpp"

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <system_error>

namespace ktb::launch {

std::vector<std::string> visible_gpus() {
  std::vector<std::string> all;
  if (const char* named = std::getenv("CUDA_VISIBLE_DEVICES")) {
    std::istringstream list(named);
    for (std::string one; std::getline(list, one, ',');)
      if (!one.empty()) all.push_back(one);
    return all;
  }
  std::error_code none;
  const std::filesystem::directory_iterator listed("/proc/driver/nvidia/gpus", none);
  if (none) return all;
  const auto count = std::distance(begin(listed), end(listed));
  for (std::ptrdiff_t i = 0; i < count; ++i) all.push_back(std::to_string(i));
  return all;
}

std::vector<std::string> on_gpu(const std::string& gpu, std::vector<std::string> command) {
  command.insert(command.begin(), {"env", "CUDA_VISIBLE_DEVICES=" + gpu});
  return command;
}

}  // namespace ktb::launch
