#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "ktb/export.hpp"
#include "mock/recording.hpp"
#include "mock/waits.hpp"
#include "run/train/cuda_module.hpp"

namespace ktb::mock {
namespace {

class MockGraph final : public run::Graph {
 public:
  explicit MockGraph(Recording recording) : recording_(std::move(recording)) {}
  void replay() override { recording_.replay(); }

 private:
  Recording recording_;
};

class Module final : public run::CudaModule {
 public:
  std::string device_name() const override { return "mock"; }
  std::string driver_version() const override { return "none"; }
  double memory_mib() const override {
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
           static_cast<double>(sysconf(_SC_PAGE_SIZE)) / (1 << 20);
  }
  double peak_memory_mib() const override {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024.0;
  }
  void free_memory() override {}
  double joules() const override { return -1; }
  bool exact() const override { return true; }
  std::int64_t waits() const override { return mock::waits(); }
  std::string wait_places(std::size_t most) const override { return mock::wait_places(most); }
  void own_stream() override {}
  void start_recording(const std::vector<at::Generator>&, const run::Graph*) override {
    mock::start_recording();
  }
  std::unique_ptr<run::Graph> end_recording() override {
    return std::make_unique<MockGraph>(mock::end_recording());
  }
  void drop_recording() noexcept override { mock::drop_recording(); }
  void start_aside(const std::function<void()>& work) override { mock::start_aside(work); }
  void join_aside() override { mock::join_aside(); }
};

}  // namespace
}  // namespace ktb::mock

extern "C" KTB_API ktb::run::CudaModule* ktb_cuda_module() {
  static auto* const module = new ktb::mock::Module;
  return module;
}
