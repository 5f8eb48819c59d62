#pragma once
#include <atomic>

namespace ktb::app {

/// SIGTERM and SIGINT ask for a stop between two steps; a second one ends the process. A fatal
/// signal prints the stack between lines `==ktb-stack==`
/// and then ends the process as it would have.
void install_signal_handlers();

/// What a SIGSEGV prints after the stack, such as its usual cause and cure; kept by its address.
void say_after_stack(const char* text);

const std::atomic<bool>& stop_requested();

}  // namespace ktb::app
