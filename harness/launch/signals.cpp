#include "launch/signals.hpp"

#include <ctime>
#include <initializer_list>

namespace ktb::launch {

Signals::Signals() {
  ::sigemptyset(&waited_);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD}) ::sigaddset(&waited_, signal);
  ::sigprocmask(SIG_BLOCK, &waited_, &before_);
}

Signals::~Signals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

int Signals::next(int milliseconds) const {
  const timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  const int signal = ::sigtimedwait(&waited_, nullptr, &limit);
  return signal > 0 ? signal : 0;
}

}  // namespace ktb::launch
