#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ktb::run {

/// What shared libraries hold for as long as the process lives: their writable segments, and
/// whether they can start threads. Of those that were loaded between two moments, so that those are
/// seen that a plugin brings along.
class Statics {
 public:
  /// Notes which libraries are there.
  Statics();
  /// Keeps a copy of what those that came since hold now.
  void keep();

  /// Whether they hold something else than they did then.
  bool changed() const;
  /// Whether one of them can start a thread: it names a function that does.
  bool may_start_threads() const { return threads_; }

 private:
  struct Segment {
    const char* begin;
    std::string kept;
  };
  std::vector<std::uintptr_t> before_;  ///< where they lie
  std::vector<Segment> segments_;
  bool threads_ = false;
};

}  // namespace ktb::run
