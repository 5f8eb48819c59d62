#pragma once
#include <ATen/core/ivalue.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ktb::mock {

/// What the host's kernels did, to be done again in the same memory.
class Recording {
 public:
  void add(std::function<void()> call) { calls_.push_back(std::move(call)); }
  /// `call` gives values of the shape of `results`, whose memory takes theirs.
  void add(std::function<std::vector<c10::IValue>()> call, std::vector<c10::IValue> results);
  void replay() const;

 private:
  std::vector<std::function<void()>> calls_;
};

/// The one that notes what is done now, in any thread; none: null.
Recording* recording();
void start_recording();
Recording end_recording();

/// Throws what CUDA says where a recorded stream would have to be waited for.
void refuse_while_recording(const std::string& what);

}  // namespace ktb::mock
