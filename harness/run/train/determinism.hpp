#pragma once
#include <c10/core/Device.h>
#include <c10/util/Exception.h>

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace ktb::run {

/// While it lives, a GPU chooses kernels that give the same bits again, where it has such; of those
/// that have none the warnings tell. On a CPU they always do, for one number of threads.
class Determinism final : public c10::WarningHandler {
 public:
  Determinism(bool wanted, at::Device device);
  ~Determinism() override;
  Determinism(const Determinism&) = delete;
  Determinism& operator=(const Determinism&) = delete;

  /// Sentences for the record.
  std::vector<std::string> warnings() const;

  void process(const c10::Warning& warning) override;

 private:
  const bool wanted_, gpu_;
  c10::WarningHandler* outer_;
  mutable std::mutex mutex_;  // the backward pass warns from a thread of its own
  std::set<std::string> without_;
};

}  // namespace ktb::run
