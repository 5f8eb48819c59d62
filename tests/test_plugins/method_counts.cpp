// Keeps a static count of the methods that were made, by which it weighs the loss: what a process
// trained before would change what it trains next. It also leaves a thread and a process behind.
#include <unistd.h>

#include <chrono>
#include <thread>

#include "ktb/plugin.hpp"

namespace {

int made = 0;

class Counts final : public ktb::Method {
 public:
  explicit Counts(ktb::Options& options)
      : leaves_(options.get("leaves", false, "a thread and a process that do not end")) {
    ++made;
  }
  ktb::MethodNeeds needs() const override {
    return {.modes = {ktb::Mode::kNone}, .least = 0, .most = 0};
  }
  ktb::Terms losses(ktb::Step& step) override {
    if (leaves_) leave();
    leaves_ = false;
    return {{"task", made * step.task_loss()}};
  }

 private:
  static void leave() {
    std::thread([] { std::this_thread::sleep_for(std::chrono::hours(1)); }).detach();
    if (::fork() != 0) return;
    ::setsid();
    ::execlp("sleep", "sleep", "4321", nullptr);
    ::_exit(1);
  }

  bool leaves_;
};

}  // namespace

KTB_METHOD(Counts, "weighs the loss by how many were made before", "made for tests")
