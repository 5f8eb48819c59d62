#include "run/train/step.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <fmt/core.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/seed.hpp"
#include "run/data/random.hpp"
#include "run/train/cuda_module.hpp"
#include "run/train/hook.hpp"

namespace ktb::run {
namespace {

constexpr std::int64_t kMostKept = std::int64_t{1} << 30;  // bytes of kept outputs per source

/// The tensors of an output in a fixed order; undefined ones too.
std::vector<Tensor*> tensors(Output& output, bool features) {
  std::vector<Tensor*> all{&output.pred, &output.pooled, &output.mask};
  if (!features) return all;
  for (auto& map : output.features) all.push_back(&map);
  for (auto& map : output.preacts) all.push_back(&map);
  return all;
}

}  // namespace

KeptOutputs::KeptOutputs(std::int64_t examples, std::int64_t batches, bool features)
    : examples_(examples), batches_(batches), features_(features) {}

void KeptOutputs::put(std::int64_t step, const Tensor& index, const Output& output) {
  if (refused_ || complete()) return;
  // Only the batches of one epoch show every example; whoever asks now and then never has them all.
  if (filled_ > 0 && step != first_ + filled_) filled_ = 0;
  if (filled_ == 0 && step % batches_ != 0) return;
  if (filled_ == 0) first_ = step;
  Output copy = output;
  const auto parts = tensors(copy, features_);
  if (store_.empty()) {
    std::int64_t bytes = 0;
    for (const auto* part : parts)
      if (part->defined()) bytes += part->nbytes() / part->size(0) * examples_;
    refused_ = bytes > kMostKept;
    if (refused_) return;
    for (const auto* part : parts) {
      if (!part->defined()) {
        store_.emplace_back();
        continue;
      }
      auto shape = part->sizes().vec();
      shape[0] = examples_;
      store_.push_back(at::empty(shape, part->options()));
    }
  }
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (store_[i].defined()) store_[i].index_copy_(0, index, *parts[i]);
  ++filled_;
  if (complete()) {
    shape_.features.resize(features_ ? output.features.size() : 0);
    shape_.preacts.resize(features_ ? output.preacts.size() : 0);
  }
}

Output KeptOutputs::get(const Tensor& index) const {
  Output out = shape_;
  const auto parts = tensors(out, features_);
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (store_[i].defined()) *parts[i] = store_[i].index_select(0, index);
  return out;
}

LiveStep::LiveStep(Session& session) : session_(session), lanes_(session.data.size()) {
  epoch = at::zeros({}, at::TensorOptions(at::kFloat).device(session.device));
  wanted_.assign(lanes_.size(), false);
  wanted_[0] = true;
  for (std::size_t i = 0; i < session.source_lane.size(); ++i)
    if (session.uses[i].batches) wanted_[session.source_lane[i]] = true;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].task = &session.data[i]->kind();
    session.data[i]->follow(session.actor(i));
  }
}

void LiveStep::begin(std::int64_t at) {
  index = at;
  surveying_ = false;
  outputs_.clear();
  epoch.fill_(static_cast<double>(at) / static_cast<double>(session_.data[0]->steps_per_epoch()));
  for (auto& [name, seed] : seeds_) seed.fill_(seed_now(name));
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (wanted_[i]) lanes_[i].batch = session_.data[i]->train_batch(at);
  lend();
}

void LiveStep::begin_survey(const Batch& batch) {
  surveying_ = true;
  phase_ = Phase::kLosses;
  outputs_.clear();
  lanes_[0].batch = batch;
  lend();
}

void LiveStep::lend() {
  lent_.clear();
  for (const auto& lane : lanes_) lent_.emplace_back(lane.batch);
}

void LiveStep::check_batches() const {
  for (const auto& lent : lent_)
    if (const auto name = lent.written(); !name.empty())
      throw Error(
          fmt::format("the method wrote into its batch (`{}`): what it changes must be its "
                      "own, since others read the same",
                      name));
}

void LiveStep::snapshot(Snapshot snapshot) {
  std::vector<std::int64_t> seats, first, filled;
  for (const auto& [seat, kept] : kept_)
    seats.push_back(seat), first.push_back(kept.first()), filled.push_back(kept.filled());
  snapshot("seats", seats);
  snapshot("first", first);
  snapshot("filled", filled);
  if (!snapshot.restoring()) return;
  kept_.clear();
  for (std::size_t i = 0; i < seats.size(); ++i)
    for (auto at = first[i]; at < first[i] + filled[i]; ++at) {
      const auto seat = static_cast<Seat>(seats[i]);
      const auto batch = session_.data[0]->train_batch(index = at);
      kept(seat).put(at, batch.index, compute(seat, batch));
    }
}

KeptOutputs& LiveStep::kept(Seat source) {
  const auto& data = *session_.data[0];
  return kept_
      .try_emplace(source, data.train_size(), data.steps_per_epoch(),
                   session_.uses[static_cast<std::size_t>(source)].features)
      .first->second;
}

const Lane& LiveStep::lane(Seat seat) { return lanes_.at(session_.lane_of(seat)); }

/// A frozen source on the target's own batches, which come again unchanged in every epoch.
bool LiveStep::repeats(Seat model, std::size_t lane) const {
  if (surveying_ || model == kTarget || lane != 0) return false;
  return session_.data[0]->repeats() && !session_.learns(static_cast<std::size_t>(model));
}

Output LiveStep::compute(Seat model, const Batch& batch) const {
  const auto source = static_cast<std::size_t>(model);
  auto* network = model == kTarget ? session_.transfer.target.get()
                                   : session_.transfer.sources.at(source).get();
  if (!network) throw Error("a method asked for the outputs of a seat without a model");
  // The seat's own gradient mode, not the caller's: the result is shared.
  const torch::AutoGradMode mode(!surveying_ && (model == kTarget || session_.learns(source)));
  const RandomScope random(session_.device,
                           {session_.axis, "dropout", fmt::format("seat{}", model)}, index);
  return (*network)(batch);
}

const Output& LiveStep::run(Seat model, Seat lane_seat) {
  if (phase_ != Phase::kLosses) throw Error("outputs exist in losses() and survey() only");
  const Place place{model, session_.lane_of(lane_seat)};
  if (aside_.contains(place)) join();
  return computed(place);
}

const Output& LiveStep::computed(const Place& place) {
  if (const auto known = outputs_.find(place); known != outputs_.end()) return known->second;
  const auto [model, lane] = place;
  const auto& batch = lanes_[lane].batch;
  if (!repeats(model, lane)) return outputs_[place] = compute(model, batch);

  auto& kept = this->kept(model);
  if (kept.complete()) return outputs_[place] = kept.get(batch.index);
  auto& output = outputs_[place] = compute(model, batch);
  kept.put(index, batch.index, output);
  return output;
}

std::set<LiveStep::Place> LiveStep::independent() const {
  std::set<Place> places;
  for (const auto& [place, output] : outputs_) {
    const auto [model, lane] = place;
    if (model == kTarget || session_.learns(static_cast<std::size_t>(model))) continue;
    const auto kept = repeats(model, lane) ? kept_.find(model) : kept_.end();
    if (kept == kept_.end() || !kept->second.complete()) places.insert(place);
  }
  return places;
}

void LiveStep::enter(Phase phase) {
  phase_ = phase;
  if (phase != Phase::kLosses || ahead_.empty()) return;
  aside_ = std::exchange(ahead_, {});
  cuda_module().start_aside([this] {
    for (const auto& place : aside_) computed(place);
  });
}

void LiveStep::join() {
  if (!std::exchange(aside_, {}).empty()) cuda_module().join_aside();
}

Tensor LiveStep::draw(const std::string& name, const std::function<Tensor()>& make) {
  const RandomScope random(session_.device, {session_.axis, "draw", name}, index);
  return make();
}

std::int64_t LiveStep::seed_now(const std::string& name) const {
  return static_cast<std::int64_t>(core::axis_seed({session_.axis, "seed", name}, index));
}

Tensor LiveStep::seed(const std::string& name) {
  const auto [known, fresh] = seeds_.try_emplace(name);
  if (fresh)
    known->second =
        at::full({}, seed_now(name), at::TensorOptions(at::kLong).device(session_.device));
  return known->second;
}

void LiveStep::update(const std::string& group) {
  if (phase_ != Phase::kAfter) throw Error("Step::update() belongs into after()");
  apart([this, group] { session_.optimisers.step_manual(group); });
}

void LiveStep::apart(const Work& work) { apart_ ? apart_(work) : work(); }

void LiveStep::again() {
  outputs_.clear();
  ahead_.clear();
  aside_.clear();
  lend();
}

void LiveStep::show(std::size_t lane, Batch batch) {
  lanes_[lane].batch = std::move(batch);
  again();
}

std::optional<std::int64_t> LiveStep::kept() const {
  std::int64_t complete = 0, bit = 1;
  for (const auto& [seat, kept] : kept_) {
    if (kept.filling()) return std::nullopt;
    if (kept.complete()) complete |= bit;
    bit <<= 1;
  }
  return complete;
}

void survey(Session& session, LiveStep& step) {
  const torch::NoGradGuard no_grad;
  session.train(false);
  const auto over = [&](const std::function<void(Step&)>& visit) {
    session.data[0]->survey([&](const Batch& batch) {
      step.begin_survey(batch);
      visit(step);
      step.check_batches();
    });
  };
  const auto methods = session.methods();
  for (std::size_t i = 0; i < methods.size(); ++i) {
    const Hook hook("survey", session.name_of_method(i));
    methods[i]->survey(over);
  }
}

namespace {

/// Those of the i-th method; the target's own task counts once, as the first has it.
void add_terms(const Session& session, std::size_t i, Step& step, Terms& terms) {
  for (auto& [name, value] : session.methods()[i]->losses(step)) {
    if (i == 0)
      terms.emplace_back(name, value);
    else if (name != "task")
      terms.emplace_back(name, session.extras[i - 1].weight * value);
  }
}

}  // namespace

Losses train_step(Session& session, LiveStep& step) {
  const RandomScope random(session.device, {session.axis, "method"}, step.index);
  const auto methods = session.methods();
  const auto each = [&](const char* hook, const std::function<void(std::size_t)>& call) {
    for (std::size_t i = 0; i < methods.size(); ++i) {
      const Hook running(hook, session.name_of_method(i), step.index);
      call(i);
    }
  };
  for (auto* one : methods) one->forget_notes();
  step.enter(LiveStep::Phase::kBefore);
  each("before", [&](std::size_t i) { methods[i]->before(step); });

  step.enter(LiveStep::Phase::kLosses);
  Losses losses;
  each("losses", [&](std::size_t i) { add_terms(session, i, step, losses.terms); });
  step.join();
  step.check_batches();  // here, since autograd would say less
  for (const auto& [name, value] : losses.terms)
    losses.total = losses.total.defined() ? losses.total + value : value;
  if (!losses.total.defined()) throw Error("the method returned no loss terms");

  session.optimisers.zero();
  losses.total.backward();

  step.enter(LiveStep::Phase::kAfter);
  step.apart([&session] { session.optimisers.step_automatic(); });
  each("after", [&](std::size_t i) { methods[i]->after(step); });
  step.check_batches();
  step.enter(LiveStep::Phase::kClosed);

  losses.total = losses.total.detach();
  for (auto& term : losses.terms) term.second = term.second.detach();
  return losses;
}

}  // namespace ktb::run
