#pragma once
#include <string>
#include <vector>

namespace ktb::launch {

/// The GPUs that trials may use here, each as CUDA_VISIBLE_DEVICES names it: what that variable
/// says, else all that the driver lists. Empty where neither says anything.
std::vector<std::string> visible_gpus();

/// The command with that GPU for its only one.
std::vector<std::string> on_gpu(const std::string& gpu, std::vector<std::string> command);

}  // namespace ktb::launch
