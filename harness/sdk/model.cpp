#include "ktb/model.hpp"

#include <ATen/autocast_mode.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <set>

#include "core/base/suggest.hpp"
#include "ktb/error.hpp"
#include "sdk/frozen.hpp"

namespace ktb {
namespace {

bool& mixed() {
  static bool on = false;
  return on;
}

std::set<const Model*>& in_bf16() {
  static auto* all = new std::set<const Model*>;  // outlives every model
  return *all;
}

bool mixed(const Model& model) { return mixed() || in_bf16().contains(&model); }

/// bf16 autocast for one forward. Its weight cache stays off, since methods write weights.
class Autocast {
 public:
  explicit Autocast(at::DeviceType device)
      : device_(device),
        enabled_(at::autocast::is_autocast_enabled(device)),
        cached_(at::autocast::is_autocast_cache_enabled()),
        type_(at::autocast::get_autocast_dtype(device)) {
    at::autocast::set_autocast_enabled(device_, true);
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~Autocast() {
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, type_);
    at::autocast::set_autocast_cache_enabled(cached_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool enabled_, cached_;
  at::ScalarType type_;
};

void widen(Tensor& tensor) {
  if (tensor.defined()) tensor = tensor.to(at::kFloat);
}

}  // namespace

void set_precision(const std::string& name) {
  if (name != "fp32" && name != "bf16")
    throw Error("precision `" + name + "` is neither fp32 nor bf16");
  mixed() = name == "bf16";
}

Model::Model(const TaskSpec& task) : task_(task) {}
Model::~Model() { in_bf16().erase(this); }

void compute_in_bf16(const Model& model) { in_bf16().insert(&model); }

Batch Model::normalised(const Batch& batch) {
  Batch out = batch;
  for (const auto& spec : task_.inputs) {
    const auto found = out.x.find(spec.name);
    if (found == out.x.end() || spec.mean.empty()) continue;
    auto& x = found->second;
    auto& [mean, deviation] = statistics_[spec.name];
    if (!mean.defined() || mean.device() != x.device()) {
      std::vector<std::int64_t> shape(x.dim(), 1);
      shape[1] = -1;
      const auto there = [&](const std::vector<double>& values) {
        return torch::tensor(values, at::kFloat).view(shape).to(x.device(), /*non_blocking=*/true);
      };
      mean = there(spec.mean);
      deviation = there(spec.deviation);
    }
    x = (x - mean) / deviation;
  }
  return out;
}

Output Model::trunk(const Batch& batch) {
  const auto input = normalised(batch);
  if (!mixed(*this)) return forward_trunk(input);
  Output out;
  {
    const Autocast cast(input.x.begin()->second.device().type());
    out = forward_trunk(input);
  }
  for (auto& feature : out.features) widen(feature);
  for (auto& feature : out.preacts) widen(feature);
  widen(out.pooled);
  return out;
}

Tensor Model::head(const Output& output) {
  if (!mixed(*this)) return forward_head(output);
  const Autocast cast(output.pooled.device().type());
  return forward_head(output).to(at::kFloat);
}

Output Model::operator()(const Batch& batch) {
  auto out = trunk(batch);
  out.pred = head(out);
  return out;
}

std::string Model::gives() const { return head_name() + ".weight"; }

bool Model::normalised_after(const std::string&) const { return false; }

bool Model::is_head(const std::string& parameter) const {
  return parameter.rfind(head_name() + ".", 0) == 0;
}

Tensor Model::site(const std::string& parameter) const {
  const auto all = named_parameters();
  if (const auto* found = all.find(parameter)) return *found;
  throw Error("there is no parameter `" + parameter + "`" +
              core::did_you_mean(parameter, all.keys()));
}

std::vector<InputSpec> Model::reads() const { return task_.inputs; }

int copy_trunk(const Model& from, Model& to) {
  const torch::NoGradGuard no_grad;
  int fitted = 0;
  const auto copy = [&](const auto& source, auto&& target) {
    for (auto& item : target) {
      if (to.is_head(item.key())) continue;
      const auto* found = source.find(item.key());
      if (!found || found->sizes() != item.value().sizes()) continue;
      item.value().copy_(*found);
      ++fitted;
    }
  };
  copy(from.named_parameters(), to.named_parameters());
  copy(from.named_buffers(), to.named_buffers());
  return fitted;
}

}  // namespace ktb
