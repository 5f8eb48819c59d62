#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ktb/error.hpp"
#include "run/kit/world.hpp"
#include "run/train/session_builder.hpp"
#include "run/train/step.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {

inline Registry& plugins() {
  static Registry all({KTB_PLUGIN_DIR});
  return all;
}

inline std::shared_ptr<Method> method_of(const std::string& name,
                                         std::map<std::string, Value> given = {}) {
  Options options(std::move(given));
  return plugins().method(name, options);
}

inline Recipe plain_sgd(double lr, double momentum = 0.9, double weight_decay = 0) {
  Recipe recipe;
  recipe.lr = lr, recipe.momentum = momentum, recipe.weight_decay = weight_decay;
  return recipe;
}

/// A transfer put together by hand; what is left out is the kit's.
struct Setting {
  std::string method;
  std::map<std::string, Value> options = {};
  Mode mode = Mode::kFreshJoint;
  std::vector<std::string> into = {}, from = {};
  std::shared_ptr<Model> target = kit_model(4, 1), source = kit_model(6, 2);
  std::shared_ptr<Feed> data = kit_data(), source_data = nullptr;  ///< none: the target's own
  std::int64_t batch = 8;                                          ///< examples of a step of `data`
  Mode target_start = Mode::kNone;  ///< kTrained: it holds knowledge already
  Recipe recipe = plain_sgd(0.05);
};

/// Throws Unsuited with the method's reason.
inline std::unique_ptr<Session> session_of(const Setting& s) {
  SessionBuilder parts{.axis = "setting/0",
                       .method = method_of(s.method, s.options),
                       .task = s.data->kind().spec(),
                       .data = s.data,
                       .batch = s.batch,
                       .recipe = s.recipe};
  parts.target = measured(s.target, "target", "made", s.target_start);
  parts.target->sites = s.into;
  if (s.mode == Mode::kNone) return parts.build();
  parts.sources = {measured(s.source, "source", "made", s.mode)};
  parts.sources[0].sites = s.from;
  if (s.source_data) parts.sources[0].data = [&s] { return s.source_data; };
  return parts.build();
}

/// A session with its steps, as a trial's loop drives them.
class Rig {
 public:
  explicit Rig(const Setting& setting) : Rig(session_of(setting)) {}
  /// In the conformance kit's world.
  Rig(const std::string& method, const KitPairing& pairing)
      : Rig(kit_session(plugins(), method, pairing)) {}
  Rig(Rig&&) = delete;

  Rig& survey() {
    run::survey(*session, step_);
    return *this;
  }
  /// The next steps, in training mode; the loss of the last.
  double steps(std::int64_t count = 1) {
    session->train(true);
    for (std::int64_t i = 0; i < count; ++i) step_as_it_is();
    return losses.total.item<double>();
  }
  /// The next step, whatever the mode.
  void step_as_it_is() {
    step_.begin(at_++);
    losses = train_step(*session, step_);
  }
  /// The loss terms of the first batch, in evaluation mode.
  std::map<std::string, double> terms() {
    session->train(false);
    std::map<std::string, double> all;
    for (const auto& [name, value] : session->method->losses(look(0)))
      all[name] = value.item<double>();
    return all;
  }
  double term(const std::string& wanted) { return terms().at(wanted); }
  /// That step's batch, with outputs to ask for; nothing learns.
  LiveStep& look(std::int64_t at) {
    step_.begin(at);
    step_.enter(LiveStep::Phase::kLosses);
    return step_;
  }
  /// Learning rates of everything but the method's own groups.
  void scale_rates(double factor) {
    for (auto& optimiser : session->optimisers)
      if (!optimiser.group().recipe) optimiser.set_factor(factor);
  }

  Method& method() const { return *session->method; }
  Model& target() const { return *session->transfer.target; }
  Model& source(std::size_t i = 0) const { return *session->transfer.sources.at(i); }
  const Pairing& pairing() const { return session->transfer.pairing; }
  LiveStep& step() { return step_; }
  Batch batch() const { return session->data[0]->train_batch(0); }
  Tensor predicts() { return session->predict(batch()); }
  Tensor source_says(std::size_t i = 0) {
    const torch::NoGradGuard no_grad;
    session->train(false);
    return source(i)(batch()).pred;
  }
  Tensor buffer(const std::string& name) const { return method().named_buffers()[name]; }
  Tensor weight(const std::string& name) const { return method().named_parameters()[name]; }

  std::unique_ptr<Session> session;
  Losses losses;                              ///< of the last step
  std::function<void()> on_update = nullptr;  ///< in the place of what Step::update does

 private:
  class WatchedStep final : public LiveStep {
   public:
    explicit WatchedStep(Rig& rig) : LiveStep(*rig.session), rig_(rig) {}
    void update(const std::string& group) override {
      if (rig_.on_update)
        rig_.on_update();
      else
        LiveStep::update(group);
    }

   private:
    Rig& rig_;
  };

  explicit Rig(std::unique_ptr<Session> made) : session(std::move(made)), step_(*this) {}

  WatchedStep step_;
  std::int64_t at_ = 0;
};

}  // namespace ktb::run
