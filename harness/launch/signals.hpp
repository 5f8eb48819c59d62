#pragma once
#include <signal.h>

namespace ktb::launch {

/// While it lives, SIGINT, SIGTERM, SIGUSR1 and SIGCHLD
/// wait to be asked for instead of interrupting anything.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The next one, or 0 after `milliseconds`.
  int next(int milliseconds) const;

 private:
  sigset_t waited_{}, before_{};
};

}  // namespace ktb::launch
