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
  /// All of another, behind what there is.
  void add(Recording&& other);
  void replay() const;

 private:
  std::vector<std::function<void()>> calls_;
};

/// The one that notes what is done now, in any thread; none: null.
Recording* recording();
void start_recording();
Recording end_recording();
void drop_recording() noexcept;

/// What `work` does is noted at join_aside() only, as if a second stream had taken so long: who
/// reads its results before, or writes what it reads, shows in what a replay gives.
void start_aside(const std::function<void()>& work);
void join_aside();

/// Throws what CUDA says where a recorded stream would have to be waited for.
void refuse_while_recording(const std::string& what);

}  // namespace ktb::mock
