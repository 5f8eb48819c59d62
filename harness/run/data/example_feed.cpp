#include "run/data/example_feed.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/_unique.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <utility>

#include "core/base/seed.hpp"
#include "ktb/error.hpp"
#include "run/data/draw.hpp"
#include "run/data/examiner.hpp"
#include "run/data/union_dataset.hpp"

namespace ktb::run {
namespace {

/// Examples that are drawn together: single ones, or those of one entry.
struct Units {
  Units(const tasks::TaskKind& kind, const Split& split) {
    const auto entry = split.y.find("entry");
    const auto size = split.size();
    members = at::arange(size, at::kLong);
    if (entry != split.y.end())
      members = std::get<1>(at::_unique(entry->second, /*sorted=*/true, /*return_inverse=*/true));
    const auto count = size == 0 ? 0 : members.max().item<std::int64_t>() + 1;
    labels.assign(static_cast<std::size_t>(count), 0);
    if (!kind.spec().categorical) return;
    const auto all = kind.labels({split.x, split.y, {}}).contiguous();
    for (std::int64_t i = 0; i < size; ++i)
      labels[static_cast<std::size_t>(members.const_data_ptr<std::int64_t>()[i])] =
          all.const_data_ptr<std::int64_t>()[i];
  }
  /// Sorted examples of the units [U].
  Tensor examples(const Tensor& units) const {
    auto wanted = at::zeros({static_cast<std::int64_t>(labels.size())}, at::kBool);
    wanted.index_fill_(0, units, true);
    return wanted.index_select(0, members).nonzero().squeeze(1);
  }

  Tensor members;                    ///< [N] unit of each example
  std::vector<std::int64_t> labels;  ///< of each unit; 0 where the task has none
};

std::vector<std::int64_t> pick(const std::vector<std::int64_t>& labels, const Tensor& rows) {
  std::vector<std::int64_t> some;
  for (const auto row :
       std::span(rows.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(rows.numel()))) {
    some.push_back(labels[static_cast<std::size_t>(row)]);
  }
  return some;
}

/// A share (at most 1) or a count.
std::int64_t amount(double wish, std::int64_t all) {
  return std::llround(wish <= 1 ? wish * static_cast<double>(all) : wish);
}

void require_examples(std::int64_t wish, std::int64_t have, const std::string& what,
                      const TaskSpec& spec) {
  if (wish <= have) return;
  throw Error(what + " = " + std::to_string(wish) + " is more than there is: " + spec.name +
              " has " + std::to_string(have) + " examples to choose from");
}

bool is_image(const Tensor& stored) {
  return stored.scalar_type() == at::kByte && stored.dim() == 4;
}

/// What `take` takes of each tensor of a split, with images as they are stored.
template <class Take>
Batch batch_of(const Split& split, const Take& take) {
  Batch batch;
  for (const auto& [name, x] : split.x) {
    const auto table = split.rows.find(name);
    batch.x[name] = table == split.rows.end() ? take(x) : x.index_select(0, take(table->second));
  }
  for (const auto& [name, y] : split.y) batch.y[name] = take(y);
  return batch;
}

/// Those examples [B].
Batch gathered(const Split& split, const Tensor& rows) {
  auto batch = batch_of(split, [&](const Tensor& all) { return all.index_select(0, rows); });
  batch.index = rows;
  return batch;
}

std::int64_t large_batch(const Split& split, at::Device device) {
  std::int64_t pixels = 32 * 32;
  for (const auto& [name, x] : split.x) {
    if (is_image(x)) pixels = std::max<std::int64_t>(pixels, x.size(1) * x.size(2));
  }
  return device.is_cpu() ? std::clamp<std::int64_t>((1 << 18) / pixels, 16, 256)
                         : std::clamp<std::int64_t>((1 << 22) / pixels, 64, 2048);
}

}  // namespace

DataRequest data_request(const core::TaskRef& task, const core::Recipe& recipe,
                         std::uint64_t seed) {
  DataRequest request;
  request.name = task.dataset;
  request.axis = task.plugin + ":" + task.hash;
  request.seed = seed;
  request.train = task.train;
  request.test = task.test;
  request.labels = task.labels;
  for (const auto word : task.augment) request.augment.push_back(core::word(word));
  request.shuffled = task.shuffled;
  request.pretext = task.task;
  request.validation = recipe.validation;
  request.batch = recipe.batch;
  request.channels_last = recipe.channels_last;
  return request;
}

ExampleFeed::ExampleFeed(const Dataset& dataset, const DataFolder& folder, DataRequest request,
                         at::Device device)
    : request_(std::move(request)),
      device_(device),
      augment_(request_.augment),
      pretext_(make_pretext_task(request_.pretext)) {
  if (request_.batch < 1)
    throw Error("batch = " + std::to_string(request_.batch) + ": must be positive");
  auto spec = dataset.task(folder);
  if (!request_.name.empty()) spec.name = request_.name;
  kind_ = tasks::make_task_kind(spec);
  split_train(dataset.load(folder, "train"));
  if (request_.shuffled) shuffle_labels();
  take_test(dataset.load(folder, "test"));
  spec.train_size = train_size_;
  spec.test_size = test_size_;
  if (pretext_) remake();
  kind_ = tasks::make_task_kind(pretext_ ? pretext_->spec(spec) : spec);
}

/// Subsets were drawn by the data set's own labels.
void ExampleFeed::remake() {
  if (pretext_->views() > 1 && augment_.empty())
    throw Error("task `" + request_.pretext + "` on " + request_.name +
                " shows a picture twice, and both are the same: set `augment` of the data set");
  for (auto* part : {&train_, &validation_, &test_}) pretext_->remake(*part);
  train_size_ = train_.size();
  validation_size_ = validation_.size();
  test_size_ = test_.size();
}

void ExampleFeed::split_train(Split all) {
  all.y.erase(kDomain);
  const auto seed = std::to_string(request_.seed);
  const Units units(*kind_, all);
  auto labels = units.labels;
  auto chosen = at::arange(static_cast<std::int64_t>(labels.size()), at::kLong);
  // Keeps `some` of what is left.
  const auto keep = [&](const Tensor& some) {
    labels = pick(labels, some);
    chosen = chosen.index_select(0, some);
  };
  if (request_.train > 0) {
    require_examples(request_.train, chosen.numel(), "train", kind_->spec());
    keep(draw(labels, request_.train, Take::kEqually,
              core::axis_seed({"subset", request_.axis, "train"})));
  }
  if (request_.labels != 1) {
    const auto least = static_cast<std::int64_t>(std::set(labels.begin(), labels.end()).size());
    const auto count = std::max(least, amount(request_.labels, chosen.numel()));
    require_examples(count, chosen.numel(), "labels", kind_->spec());
    keep(draw(labels, count, Take::kEqually, core::axis_seed({"labels", request_.axis, seed})));
  }
  const auto held_back = amount(request_.validation, chosen.numel());
  require_examples(held_back + 1, chosen.numel(), "validation + 1", kind_->spec());
  const auto held = draw(labels, held_back, Take::kInProportion,
                         core::axis_seed({"validation", request_.axis, seed}));
  validation_ = to_device(all, units.examples(chosen.index_select(0, held)));
  validation_size_ = validation_.size();
  const auto rest = at::ones({chosen.numel()}, at::kBool).index_fill_(0, held, false);
  train_ = to_device(all, units.examples(chosen.masked_select(rest)));
  train_size_ = train_.size();
}

/// What is left of the training split keeps its examples and how frequent each class is.
void ExampleFeed::shuffle_labels() {
  if (!kind_->spec().categorical)
    throw Error("labels of " + request_.name + " cannot be shuffled: it has no classes");
  const auto seed = core::axis_seed({"shuffled", request_.axis, std::to_string(request_.seed)});
  const auto order =
      at::randperm(train_size_, at::detail::createCPUGenerator(seed), at::kLong).to(device_);
  for (auto& [name, y] : train_.y) y = y.index_select(0, order);
}

void ExampleFeed::take_test(Split all) {
  const auto domains = all.y.extract(kDomain);
  const Units units(*kind_, all);
  auto chosen = at::arange(static_cast<std::int64_t>(units.labels.size()), at::kLong);
  if (request_.test > 0) {
    require_examples(request_.test, chosen.numel(), "test", kind_->spec());
    chosen = draw(units.labels, request_.test, Take::kEqually,
                  core::axis_seed({"subset", request_.axis, "test"}));
  }
  const auto rows = units.examples(chosen);
  test_ = to_device(all, rows);
  test_size_ = test_.size();
  if (domains && !pretext_) domains_ = domains.mapped().index_select(0, rows);
}

Split ExampleFeed::to_device(const Split& split, const Tensor& rows) const {
  Split part;
  part.texts = split.texts;
  for (const auto& [name, x] : split.x) {
    auto wanted = rows;
    if (const auto table = split.rows.find(name); table != split.rows.end()) {
      const auto [used, places] = at::_unique(table->second.index_select(0, rows), true, true);
      wanted = used;
      part.rows[name] = places.to(device_);
    }
    const auto stored = is_image(x) ? x.permute({0, 2, 3, 1}) : x;
    part.x[name] = stored.index_select(0, wanted).to(device_);
  }
  for (const auto& [name, y] : split.y) part.y[name] = y.index_select(0, rows).to(device_);
  return part;
}

const Split& ExampleFeed::split(Part part) const {
  return part == Part::kTrain ? train_ : part == Part::kTest ? test_ : validation_;
}

std::int64_t ExampleFeed::steps_per_epoch() const {
  const auto whole = train_size_ / request_.batch, rest = train_size_ % request_.batch;
  return whole + (rest > 1 || whole == 0 ? 1 : 0);
}

const Tensor& ExampleFeed::order(std::int64_t epoch) {
  if (epoch != epoch_) {
    const auto seed =
        core::axis_seed({"order", request_.axis, std::to_string(request_.seed)}, epoch);
    order_ = at::randperm(train_size_, at::detail::createCPUGenerator(seed), at::kLong)
                 .to(device_, /*non_blocking=*/true);
    epoch_ = epoch;
    if (!device_.is_cpu() && !augment_.empty()) augment_ahead();
  }
  return order_;
}

std::pair<std::int64_t, std::int64_t> ExampleFeed::rows_of(std::int64_t step) const {
  const auto first = step % steps_per_epoch() * request_.batch;
  return {first, std::min(train_size_, first + request_.batch)};
}

/// A step that asked the host for its random numbers would wait for the step before.
void ExampleFeed::augment_ahead() {
  const auto first = epoch_ * steps_per_epoch();
  std::vector<std::int64_t> rows;
  for (std::int64_t step = first; step < first + steps_per_epoch(); ++step) {
    const auto [from, to] = rows_of(step);
    rows.push_back((to - from) * (pretext_ ? pretext_->views() : 1));
  }
  augment_.ahead({request_.axis, request_.seed}, first, rows, device_);
}

Batch ExampleFeed::train_batch(std::int64_t step) {
  const auto [first, last] = rows_of(step);
  const auto rows = order(step / steps_per_epoch()).slice(0, first, last);
  auto batch = gathered(train_, pretext_ ? rows.repeat({pretext_->views()}) : rows);
  finish(batch, step);
  return batch;
}

void ExampleFeed::finish(Batch& batch, std::optional<std::int64_t> step) const {
  for (auto& [name, x] : batch.x)
    if (is_image(x)) x = ready(step ? augment_(x, {request_.axis, request_.seed}, *step) : x);
  if (pretext_) pretext_->finish(batch);
}

Tensor ExampleFeed::ready(const Tensor& images) const {
  const auto x = to_unit(images).permute({0, 3, 1, 2});
  return request_.channels_last ? x : x.contiguous();
}

void ExampleFeed::visit_all(Part part, const Visit& visit) const {
  const auto& from = split(part);
  const auto size = from.size();
  const bool twice = pretext_ && pretext_->views() > 1;  // then only augmentation tells views apart
  // Views are told from the others of their batch, which so must be the same on every device.
  const auto step = large_batch(from, twice ? at::kCPU : device_);
  for (std::int64_t at = 0; at < size; at += step) {
    const auto end = std::min(size, at + step);
    auto rows = at::arange(at, end, at::TensorOptions(at::kLong).device(device_));
    if (twice) rows = rows.repeat({pretext_->views()});
    auto batch = twice ? gathered(from, rows)
                       : batch_of(from, [&](const Tensor& all) { return all.slice(0, at, end); });
    finish(batch, twice ? std::optional(at) : std::nullopt);
    batch.index = part == Part::kTrain ? rows : Tensor();
    visit(batch);
  }
}

std::unique_ptr<tasks::Meter> ExampleFeed::judge(Part part, const Predict& predict) const {
  auto meter = kind_->meter(split(part).texts);
  Examiner examiner(*kind_, predict);
  visit_all(part, [&](const Batch& batch) { meter->add(examiner.ask(batch), batch); });
  examiner.close();
  return meter;
}

Tensor ExampleFeed::train_labels() const {
  return kind_->spec().categorical ? kind_->labels({train_.x, train_.y, {}}) : Tensor();
}

}  // namespace ktb::run
