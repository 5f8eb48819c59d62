// Right on a CPU; where models are on a device it does what `how` says, which fails there.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <torch/types.h>

#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class LeavesDevice final : public ktb::Method {
 public:
  explicit LeavesDevice(ktb::Options& options)
      : how_(options.get("how", "labels", "what it does",
                         {"labels", "a full tensor", "arange", "a sum from zeros",
                          "a CPU's generator", "reads on the host", "waits"})) {}
  ktb::MethodNeeds needs() const override {
    return {.modes = {ktb::Mode::kNone}, .least = 0, .most = 0};
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto task = step.task_loss();
    return {{"task", task}, {"more", extra(step.target().pred, step.lane().labels())}};
  }

 private:
  Tensor extra(const Tensor& pred, const Tensor& labels) const {
    if (how_ == "labels") return at::cross_entropy_loss(pred, labels.cpu());
    if (how_ == "a full tensor") return (pred * at::full({pred.size(1)}, 0.5)).mean();
    if (how_ == "arange") return pred.index_select(0, at::arange(pred.size(0))).mean();
    if (how_ == "a sum from zeros") {
      auto sum = at::zeros({});
      sum += pred.square().mean();
      return sum;
    }
    if (how_ == "a CPU's generator") {
      auto noise = at::zeros(pred.sizes(), pred.options());
      noise.normal_(0, 1, at::detail::createCPUGenerator(7));
      return (pred * noise).mean();
    }
    if (how_ == "reads on the host") return pred.mean() * *pred.detach().const_data_ptr<float>();
    return pred.mean() * pred.detach().abs().max().item<double>();  // it waits
  }

  std::string how_;
};

}  // namespace

KTB_METHOD(LeavesDevice, "mixes tensors of the host with those of the device", "made for tests")
