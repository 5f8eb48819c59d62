#pragma once
#include <memory>
#include <string>

#include "run/kit/world.hpp"
#include "run/train/step.hpp"

namespace ktb::run {

inline Registry& kit_registry() {
  static Registry all({KTB_PLUGIN_DIR});
  return all;
}

/// A session of the conformance kit's world with its step, as a trial's loop drives them.
class KitTrial {
 public:
  KitTrial(const std::string& method, const KitPairing& pairing)
      : session(kit_session(kit_registry(), method, pairing)), step_(*session) {}

  KitTrial& survey() {
    const torch::NoGradGuard no_grad;
    session->train(false);
    session->method->survey([&](const std::function<void(Step&)>& visit) {
      session->data[0]->survey([&](const Batch& batch) {
        step_.begin_survey(batch);
        visit(step_);
      });
    });
    return *this;
  }
  /// Its loss.
  double step(std::int64_t at) {
    session->train(true);
    step_.begin(at);
    return train_step(*session, step_).total.item<double>();
  }
  /// The loss of the last step.
  double steps(std::int64_t count) {
    double last = 0;
    for (std::int64_t at = 0; at < count; ++at) last = step(at);
    return last;
  }
  Batch batch() { return session->data[0]->train_batch(0); }
  /// Of the first batch, in evaluation mode.
  double term(const std::string& wanted) {
    session->train(false);
    step_.begin(0);
    step_.enter(LiveStep::Phase::kLosses);
    for (const auto& [name, value] : session->method->losses(step_))
      if (name == wanted) return value.item<double>();
    throw Error("there is no term " + wanted);
  }
  Tensor predicts() { return session->predict(batch()); }
  Tensor source_says(std::size_t i = 0) {
    const torch::NoGradGuard no_grad;
    session->train(false);
    return (*session->transfer.sources[i])(batch()).pred;
  }
  Tensor buffer(const std::string& name) const { return session->method->named_buffers()[name]; }
  Tensor weight(const std::string& name) const { return session->method->named_parameters()[name]; }

  std::unique_ptr<Session> session;

 private:
  LiveStep step_;
};

}  // namespace ktb::run
