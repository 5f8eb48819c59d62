#pragma once
#include <atomic>

namespace ktb::app {

/// SIGTERM and SIGINT ask for a stop between two steps; a second one ends the process. A fatal
/// signal prints the stack between lines `==ktb-stack==`
/// and then ends the process as it would have.
void install_signal_handlers();

const std::atomic<bool>& stop_requested();

}  // namespace ktb::app
