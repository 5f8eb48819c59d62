#include "app/worker_signals.hpp"

#include <execinfo.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <initializer_list>

namespace ktb::app {
namespace {

std::atomic<bool> stopped{false};
const char* after_stack = "";

void ask_to_stop(int signal) {
  if (stopped.exchange(true)) _exit(128 + signal);
}

void say(const char* text) {
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, std::strlen(text));
}

void print_stack(int signal) {
  void* frames[64];
  const int depth = backtrace(frames, 64);
  say("==ktb-stack==\n");
  backtrace_symbols_fd(frames, depth, STDERR_FILENO);
  say("==ktb-stack==\n");
  if (signal == SIGSEGV) say(after_stack);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void install_signal_handlers() {
  void* warm[1];
  backtrace(warm, 1);  // loads the unwinder now, since a handler must not allocate
  static char stack[1 << 16];
  stack_t alternate{};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof stack;
  sigaltstack(&alternate, nullptr);  // a stack overflow leaves no room on the usual one
  struct sigaction fatal {};
  fatal.sa_handler = print_stack;
  fatal.sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESETHAND;
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL})
    sigaction(signal, &fatal, nullptr);
  struct sigaction polite {};
  polite.sa_handler = ask_to_stop;
  sigaction(SIGTERM, &polite, nullptr);
  sigaction(SIGINT, &polite, nullptr);
}

void say_after_stack(const char* text) { after_stack = text; }

const std::atomic<bool>& stop_requested() { return stopped; }

}  // namespace ktb::app
