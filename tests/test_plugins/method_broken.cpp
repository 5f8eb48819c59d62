// Trains alone, and in its third step, when a log and a progress file exist, does what `how` says.
#include <ATen/ops/empty.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class Broken final : public ktb::Method {
 public:
  explicit Broken(ktb::Options& options)
      : how_(options.get("how", "throws", "what goes wrong",
                         {"throws", "throws a number", "segfaults", "aborts", "exits", "hangs",
                          "diverges", "exhausts memory", "cannot be made"})) {
    if (how_ == "cannot be made") throw ktb::Error("there is no codebook");
  }

  ktb::MethodNeeds needs() const override {
    return {.modes = {ktb::Mode::kNone}, .least = 0, .most = 0};
  }
  ktb::Terms losses(ktb::Step& step) override {
    auto loss = step.task_loss();
    if (step.index == 2) loss = misbehave(loss);
    return {{"task", loss}};
  }

 private:
  Tensor misbehave(const Tensor& loss) const {
    if (how_ == "throws") throw std::runtime_error("no more steps for a loss of one number");
    if (how_ == "throws a number") throw 7;
    if (how_ == "segfaults") *nowhere_ = 1;
    if (how_ == "aborts") std::abort();
    if (how_ == "exits") std::exit(0);
    while (how_ == "hangs") std::this_thread::sleep_for(std::chrono::seconds(1));
    if (how_ == "exhausts memory") return loss + at::empty({std::int64_t{1} << 50}).sum();
    return loss.mul(NAN);
  }

  std::string how_;
  int* volatile nowhere_ = nullptr;  ///< volatile, or the compiler would see what is coming
};

}  // namespace

KTB_METHOD(Broken, "breaks in the way that one asks for", "made for tests")
