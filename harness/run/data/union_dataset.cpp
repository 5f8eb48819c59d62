#include "run/data/union_dataset.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/seed.hpp"
#include "ktb/error.hpp"
#include "run/data/draw.hpp"

namespace ktb::run {
namespace {

/// Why the second cannot stand beside the first, or "".
std::string misfit(const TaskSpec& a, const TaskSpec& b, bool shared) {
  if (b.kind != "classification" || !b.categorical) return "is a task of " + b.kind;
  if (a.inputs.size() != b.inputs.size()) return "has other inputs";
  for (std::size_t i = 0; i < a.inputs.size(); ++i) {
    const auto &x = a.inputs[i], &y = b.inputs[i];
    if (x.name != y.name || x.space != y.space || x.shape != y.shape ||
        x.vocabulary != y.vocabulary || x.mean.size() != y.mean.size())
      return "has another form of input `" + y.name + "`";
  }
  return !shared || (a.labels == b.labels && a.outputs == b.outputs) ? "" : "has other labels";
}

/// Statistics of an input that comes from each task as often as from the others.
void pool_statistics(InputSpec& input, const std::vector<TaskSpec>& tasks, std::size_t place) {
  const auto count = static_cast<double>(tasks.size());
  for (std::size_t c = 0; c < input.mean.size(); ++c) {
    double mean = 0, square = 0;
    for (const auto& task : tasks) {
      const auto& own = task.inputs[place];
      mean += own.mean[c] / count;
      square += (own.mean[c] * own.mean[c] + own.deviation[c] * own.deviation[c]) / count;
    }
    input.mean[c] = mean;
    input.deviation[c] = std::sqrt(square - mean * mean);
  }
}

std::int64_t taken(std::int64_t wish, std::int64_t all) { return wish > 0 ? wish : all; }

Split rows_of(Split all, const at::Tensor& rows) {
  for (auto* tensors : {&all.x, &all.y})
    for (auto& [name, tensor] : *tensors) tensor = tensor.index_select(0, rows);
  return all;
}

/// Its class-balanced subset of `count`, as it takes it where it stands alone.
Split subset(const UnionDataset::Part& part, Split all, const std::string& split,
             std::int64_t count) {
  if (count == 0) return all;
  const auto label = all.y.at("label").contiguous();
  const auto* labels = label.const_data_ptr<std::int64_t>();
  if (count > label.numel())
    throw Error(split + " = " + std::to_string(count) + " is more than there is: a part of the " +
                "union has " + std::to_string(label.numel()) + " examples to choose from");
  return rows_of(std::move(all), draw({labels, labels + label.numel()}, count, Take::kEqually,
                                      core::axis_seed({"subset", part.axis, split})));
}

void append(Tensors& to, const std::string& name, const at::Tensor& more) {
  auto& all = to[name];
  all = all.defined() ? at::cat({all, more}) : more;
}

}  // namespace

UnionDataset::UnionDataset(std::vector<Part> parts, bool shared)
    : parts_(std::move(parts)), shared_(shared) {}

TaskSpec UnionDataset::task(const DataFolder&) const {
  std::vector<TaskSpec> tasks;
  for (const auto& part : parts_) {
    tasks.push_back(part.dataset->task(part.folder));
    if (const auto why = misfit(tasks[0], tasks.back(), shared_); !why.empty())
      throw Error(tasks.back().name + " cannot be united with " + tasks[0].name + ": it " + why);
  }
  auto all = tasks.at(0);
  all.name = "union";
  all.train_size = all.test_size = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    all.train_size += taken(parts_[i].train, tasks[i].train_size);
    all.test_size += taken(parts_[i].test, tasks[i].test_size);
    if (i == 0 || shared_) continue;
    all.outputs += tasks[i].outputs;
    all.labels += " + " + tasks[i].labels;
    all.classes.insert(all.classes.end(), tasks[i].classes.begin(), tasks[i].classes.end());
  }
  if (static_cast<std::int64_t>(all.classes.size()) != all.outputs) all.classes.clear();
  for (std::size_t i = 0; i < all.inputs.size(); ++i) pool_statistics(all.inputs[i], tasks, i);
  return all;
}

std::vector<DataFile> UnionDataset::files(const DataFolder&) const {
  std::vector<DataFile> all;
  for (const auto& part : parts_)
    for (auto& file : part.dataset->files(part.folder)) all.push_back(std::move(file));
  return all;
}

std::string UnionDataset::get() const {
  std::string all;
  for (const auto& part : parts_) all += (all.empty() ? "" : "\n") + part.dataset->get();
  return all;
}

Split UnionDataset::load(const DataFolder&, const std::string& split) const {
  Split all;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto& part = parts_[i];
    auto own = part.dataset->load(part.folder, split);
    if (!own.y.contains("label") || !own.rows.empty())
      throw Error(part.dataset->task(part.folder).name + " cannot be united: its " + split +
                  " split has no plain labels or shares its inputs");
    own = subset(part, std::move(own), split, split == "test" ? part.test : part.train);
    for (const auto& [name, x] : own.x) append(all.x, name, x);
    append(all.y, "label", own.y.at("label") + offset);
    append(all.y, kDomain, at::full({own.size()}, static_cast<std::int64_t>(i), at::kLong));
    if (!shared_) offset += part.dataset->task(part.folder).outputs;
  }
  return all;
}

}  // namespace ktb::run
