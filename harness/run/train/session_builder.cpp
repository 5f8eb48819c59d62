#include "run/train/session_builder.hpp"

#include <fmt/core.h>
#include <torch/utils.h>

#include <algorithm>
#include <utility>

#include "core/base/seed.hpp"
#include "run/data/random.hpp"
#include "run/plugins/plain.hpp"
#include "run/train/hook.hpp"
#include "sdk/frozen.hpp"

namespace ktb::run {
namespace {

std::vector<std::string> or_own(std::vector<std::string> sites, const std::string& own) {
  return sites.empty() ? std::vector<std::string>{own} : std::move(sites);
}

/// A kernel of 1x1 or of one channel lies the same either way, and contiguous() would leave its
/// strides, by which a convolution tells the layout that it computes in; to() does not.
void to_device(Model& model, at::Device device, bool channels_last) {
  model.to(device);
  if (!channels_last) return;
  const torch::NoGradGuard no_grad;
  for (auto& parameter : model.parameters())
    if (parameter.dim() == 4)
      parameter.set_data(parameter.to(parameter.options(), /*non_blocking=*/false, /*copy=*/false,
                                      at::MemoryFormat::ChannelsLast));
}

void refuse_unsuited(const Session& session) {
  for (const auto* one : session.methods())
    if (const auto why = one->unsuited(session.transfer.pairing); !why.empty()) throw Unsuited(why);
}

/// The lane of these batches; whoever has the same feed shares one.
std::size_t lane_of(Session& session, std::shared_ptr<Feed> feed) {
  auto& data = session.data;
  const auto known = std::ranges::find(data, feed);
  const auto lane = static_cast<std::size_t>(known - data.begin());
  if (known == data.end()) data.push_back(std::move(feed));
  return lane;
}

/// A frozen source learns nothing from its own batches, so its data stay closed.
void take_source(Session& session, Participant source) {
  const auto number = session.uses.size();
  const auto open = std::move(source.data);
  seat_source(std::move(source), session.transfer);
  session.uses.push_back(session.method->use(number));
  const bool draws = open && session.uses[number].batches && session.transfer.pairing.joint(number);
  session.source_lane.push_back(draws ? lane_of(session, open()) : 0);
}

void start_target(Session& session) {
  auto& transfer = session.transfer;
  for (std::size_t i = 0; i < session.uses.size(); ++i) {
    if (session.uses[i].starts_target && copy_trunk(*transfer.sources[i], *transfer.target) == 0)
      throw Error("no weight of source " + transfer.pairing.sources[i].model.name +
                  " fits the target");
    if (!session.uses[i].model) transfer.sources[i].reset();
  }
}

void freeze_sources(const Session& session) {
  const auto& transfer = session.transfer;
  for (std::size_t i = 0; i < transfer.sources.size(); ++i) {
    const auto& source = transfer.sources[i];
    if (!source) continue;
    for (auto& item : source->named_parameters())
      item.value().set_requires_grad(transfer.pairing.joint(i) ||
                                     (session.uses[i].trains_head && source->is_head(item.key())));
  }
}

void prepare_frozen(const Session& session, const SessionBuilder& parts) {
  const auto& transfer = session.transfer;
  for (std::size_t i = 0; transfer.target && i < transfer.sources.size(); ++i) {
    if (!transfer.sources[i] || session.learns(i)) continue;
    if (parts.fold_frozen) fold_norms(*transfer.sources[i]);
    if (parts.frozen_in_bf16) compute_in_bf16(*transfer.sources[i]);
  }
}

void bind_methods(const Session& session) {
  const auto methods = session.methods();
  for (std::size_t i = 0; i < methods.size(); ++i) {
    const Hook hook("attach", session.name_of_method(i));
    const RandomScope random(
        at::kCPU, core::axis_seed({session.axis, "init", "method"}, static_cast<std::int64_t>(i)));
    methods[i]->bind(session.transfer);
    methods[i]->to(session.device);
  }
}

/// Trunk and head apart, so that a recipe can treat them apart.
void add_model(OptimiserSet& optimisers, const Model& model, const Recipe& recipe,
               const std::string& owner) {
  Group trunk, head;
  trunk.name = owner + ".trunk", head.name = owner + ".head";
  for (const auto& item : model.named_parameters())
    (model.is_head(item.key()) ? head : trunk).parameters.push_back(item.value());
  optimisers.add(std::move(trunk), recipe, owner);
  optimisers.add(std::move(head), recipe, owner);
}

/// A method's groups come first: they may name parameters of the target, which it treats its way.
/// What it learns is clipped with the target, whose loss it serves.
OptimiserSet make_optimisers(const Session& session, const Recipe& recipe) {
  OptimiserSet optimisers;
  const auto methods = session.methods();
  for (std::size_t i = 0; i < methods.size(); ++i) {
    auto* one = methods[i];
    const Hook hook("groups", session.name_of_method(i));
    for (auto& group : one->groups()) optimisers.add(std::move(group), recipe, "target");
    Group rest;
    rest.name = "method";
    rest.parameters = one->parameters();
    optimisers.add(std::move(rest), recipe, "target");
  }
  const auto& transfer = session.transfer;
  if (transfer.target) add_model(optimisers, *transfer.target, recipe, "target");
  for (std::size_t i = 0; i < transfer.sources.size(); ++i)
    if (session.learns(i))
      add_model(optimisers, *transfer.sources[i], recipe, fmt::format("source{}", i));
  return optimisers;
}

}  // namespace

Participant measured(std::shared_ptr<Model> model, const std::string& name,
                     const std::string& plugin, Mode mode) {
  Pairing::Party party{model->task(), measure(*model, name, plugin), mode};
  return {std::move(model), std::move(party)};
}

void seat_target(Participant target, Transfer& transfer) {
  transfer.into = or_own(std::move(target.sites), target.model->takes());
  transfer.pairing.target = std::move(target.party);
  transfer.target = std::move(target.model);
}

void seat_source(Participant source, Transfer& transfer) {
  transfer.from.push_back(or_own(std::move(source.sites), source.model->gives()));
  transfer.pairing.sources.push_back(std::move(source.party));
  transfer.sources.push_back(std::move(source.model));
}

std::unique_ptr<Session> SessionBuilder::build() {
  auto session = std::make_unique<Session>();
  session->axis = axis, session->device = device;
  session->method = std::move(method), session->extras = std::move(extras);
  session->method_name = method_name;
  session->data = {data};
  auto& transfer = session->transfer;
  transfer.pairing.task = task;
  if (target) {
    to_device(*target->model, device, channels_last);
    seat_target(*std::exchange(target, {}), transfer);
  }
  for (auto& source : std::exchange(sources, {})) {
    to_device(*source.model, device, channels_last);
    take_source(*session, std::move(source));
  }
  refuse_unsuited(*session);
  start_target(*session);
  transfer.labels = data->train_labels();
  transfer.budget = {batch, data->steps_per_epoch()};
  freeze_sources(*session);
  bind_methods(*session);
  prepare_frozen(*session, *this);  // behind methods, whose stand-ins of convolutions stay
  session->optimisers = make_optimisers(*session, recipe);
  return session;
}

}  // namespace ktb::run
