#pragma once
#include <memory>
#include <vector>

#include "run/train/cuda_module.hpp"

namespace ktb::cuda {

void own_stream();
void start_recording(const std::vector<at::Generator>& streams, const run::Graph* before);
std::unique_ptr<run::Graph> end_recording();
void drop_recording() noexcept;

}  // namespace ktb::cuda
