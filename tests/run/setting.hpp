#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ktb/error.hpp"
#include "run/kit/world.hpp"
#include "run/plugins/plain.hpp"
#include "run/train/safetensors.hpp"
#include "run/train/step.hpp"

namespace ktb::run {

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
  Mode target_start = Mode::kNone;  ///< kTrained: it holds knowledge already
  Recipe recipe = plain_sgd(0.05);
};

/// A session of that setting, and its steps. Throws Error with the reason where it is unsuited.
class Bout {
 public:
  explicit Bout(const Setting& s) : session_(make(s)), step_(*session_) {}

  void steps(std::int64_t count) {
    session_->train(true);
    for (const auto end = at_ + count; at_ < end; ++at_) {
      step_.begin(at_);
      losses = train_step(*session_, step_);
    }
  }
  Session& session() { return *session_; }
  Model& target() { return *session_->transfer.target; }
  Model& source() { return *session_->transfer.sources.at(0); }
  Method& method() { return *session_->method; }
  LiveStep& step() { return step_; }
  /// Learning rates of everything but the method's own groups.
  void scale_rates(double factor) {
    for (auto& optimiser : session_->optimisers())
      if (!optimiser.group().recipe) optimiser.set_factor(factor);
  }

  Losses losses;

 private:
  static std::unique_ptr<Session> make(const Setting& s) {
    static Registry registry({KTB_PLUGIN_DIR});
    auto session = std::make_unique<Session>();
    session->axis = "setting/0";
    session->data = {s.data};
    Options options(s.options);
    session->method = registry.method(s.method, options);
    auto& transfer = session->transfer;
    const auto or_default = [](const auto& names, const std::string& fallback) {
      return names.empty() ? std::vector<std::string>{fallback} : names;
    };
    transfer.pairing.task = s.data->kind().spec();
    transfer.target = s.target;
    transfer.into = or_default(s.into, s.target->takes());
    transfer.pairing.target =
        Pairing::Party{transfer.pairing.task, measure(*s.target, "target", "made"), s.target_start};
    transfer.labels = s.data->train_labels();
    transfer.budget = {8, s.data->steps_per_epoch()};
    if (s.mode != Mode::kNone) {
      const auto use = session->method->use(0);
      if (use.starts_target) copy_trunk(*s.source, *s.target);
      transfer.pairing.sources = {{s.source->task(), measure(*s.source, "source", "made"), s.mode}};
      transfer.sources = {use.model ? s.source : nullptr};
      transfer.from = {or_default(s.from, s.source->gives())};
      session->uses = {use};
      const bool apart = s.source_data && use.batches && transfer.pairing.joint(0);
      session->source_lane = {apart ? 1U : 0U};
      if (apart) session->data.push_back(s.source_data);
    }
    if (const auto why = session->method->unsuited(transfer.pairing); !why.empty())
      throw Error(why);
    session->attach();
    session->make_optimisers(s.recipe);
    return session;
  }

  std::unique_ptr<Session> session_;
  LiveStep step_;
  std::int64_t at_ = 0;
};

}  // namespace ktb::run
