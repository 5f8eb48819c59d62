#include "core/plan/trial.hpp"

namespace ktb::core {

TrialSpec Trial::spec() const {
  TrialSpec made = outline();
  if (!outline_) return made;
  made.keep_weights = keep_weights;
  if (own_) return made;
  made.id = id;
  made.key = key;
  made.seed = seed_;
  made.axes["seed"] = std::to_string(seed_);
  for (std::size_t i = 0; i < feeds_.size(); ++i) made.sources[i].trial = feeds_[i];
  return made;
}

const TrialSpec& Trial::outline() const {
  static const TrialSpec none;
  return outline_ ? outline_->spec : none;
}

std::string Trial::fields() const {
  if (own_ || !outline_) return sources_;
  std::string text = "{";
  for (const auto& [name, value] : outline_->texts) {
    if (text.size() > 1) text += ',';
    text += '"' + name + "\":";
    text += name == "seed" ? std::to_string(seed_) : name == "sources" ? sources_ : value;
  }
  return text + "}";
}

void Trial::describe(TrialSpec spec, std::string fields) {
  own_ = true;
  seed_ = spec.seed;
  keep_weights = spec.keep_weights;
  feeds_.clear();
  sources_ = std::move(fields);
  outline_ = std::make_shared<Outline>(Outline{std::move(spec), {}});
}

void Trial::describe(std::shared_ptr<const Outline> outline, std::uint64_t seed,
                     std::vector<std::string> feeds, std::string sources) {
  own_ = false;
  seed_ = seed;
  keep_weights = outline->spec.keep_weights;
  feeds_ = std::move(feeds);
  sources_ = std::move(sources);
  outline_ = std::move(outline);
}

}  // namespace ktb::core
