#include "cuda/graph.hpp"

#include <ATen/cuda/CUDAContextLight.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <cstdio>
#include <utility>

namespace ktb::cuda {
namespace {

class CudaGraph final : public run::Graph {
 public:
  void replay() override { graph.replay(); }

  at::cuda::CUDAGraph graph;
};

/// The one that is being recorded: captures are taken one at a time.
std::unique_ptr<CudaGraph>& current() {
  static auto* const graph = new std::unique_ptr<CudaGraph>;
  return *graph;
}

/// The second stream. It never starts before the first has come to the end of what was queued
/// until then, so memory that it once had and gave back is not read any more when it is had anew.
struct Aside {
  c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  std::unique_ptr<at::cuda::CUDAEvent> end;  ///< of the work under way
};

Aside& aside() {
  static auto* const second = new Aside;
  return *second;
}

}  // namespace

std::string bus_id() {
  try {
    const auto* own = at::cuda::getDeviceProperties(0);
    char text[32] = {};
    std::snprintf(text, sizeof text, "%08X:%02X:%02X.0", static_cast<unsigned>(own->pciDomainID),
                  static_cast<unsigned>(own->pciBusID), static_cast<unsigned>(own->pciDeviceID));
    return text;
  } catch (const std::exception&) {
    return "";
  }
}

void own_stream() { c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool()); }

void start_recording(const std::vector<at::Generator>& streams, const run::Graph* before) {
  TORCH_CHECK(!current(), "a recording is under way");
  auto& graph = *(current() = std::make_unique<CudaGraph>());
  for (const auto& stream : streams) graph.graph.register_generator_state(stream);
  auto* shared = const_cast<CudaGraph*>(static_cast<const CudaGraph*>(before));
  // The backward pass queues from a thread of its own, and other threads must not be refused.
  graph.graph.capture_begin(shared ? shared->graph.pool() : at::cuda::MempoolId_t{0, 0},
                            cudaStreamCaptureModeThreadLocal);
}

std::unique_ptr<run::Graph> end_recording() {
  TORCH_CHECK(current(), "no recording is under way");
  current()->graph.capture_end();
  return std::move(current());
}

void drop_recording() noexcept {
  if (!current()) return;
  aside().end.reset();
  try {
    current()->graph.capture_end();
  } catch (const std::exception&) {
    // CUDA says once more that the recording is broken, which is why it is dropped.
  }
  current().reset();
}

void start_aside(const std::function<void()>& work) {
  auto& [stream, end] = aside();
  TORCH_CHECK(!end, "work aside is under way");
  at::cuda::CUDAEvent start;
  start.record();
  start.block(stream);
  const c10::cuda::CUDAStreamGuard guard(stream);
  work();
  end = std::make_unique<at::cuda::CUDAEvent>();
  end->record();
}

void join_aside() {
  auto& end = aside().end;
  TORCH_CHECK(end, "no work aside is under way");
  end->block(c10::cuda::getCurrentCUDAStream());
  end.reset();
}

}  // namespace ktb::cuda
