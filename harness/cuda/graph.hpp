#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "run/train/cuda_module.hpp"

namespace ktb::cuda {

void own_stream();
/// Where this process's device sits, `00000000:1B:00.0`; empty: nobody can say.
std::string bus_id();
void start_recording(const std::vector<at::Generator>& streams, const run::Graph* before);
std::unique_ptr<run::Graph> end_recording();
void drop_recording() noexcept;
void start_aside(const std::function<void()>& work);
void join_aside();

}  // namespace ktb::cuda
