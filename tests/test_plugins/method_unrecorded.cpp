// What keeps a step from being recorded on a GPU: it reads a value on the host, copies from the
// host's memory, keeps a tensor in another one's place, or says that its steps differ.
#include <torch/types.h>

#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class Unrecorded final : public ktb::Method {
 public:
  explicit Unrecorded(ktb::Options& options)
      : how_(options.get("how", "reads", "which of them",
                         {"reads", "copies", "replaces", "differs"})) {}
  ktb::MethodNeeds needs() const override { return ktb::no_source(); }
  void attach() override { mean_ = register_buffer("mean", torch::zeros({})); }
  ktb::Terms losses(ktb::Step& step) override {
    auto loss = step.task_loss();
    if (how_ == "reads" && loss.item<double>() > 1e9) loss = loss * 0;
    if (how_ == "copies") loss = loss * torch::full({1}, 0.5).to(loss.device()).squeeze();
    if (how_ == "replaces") loss = loss + mean_.abs();
    seen_ = loss.detach();
    return {{"task", loss}};
  }
  void after(ktb::Step&) override {
    if (how_ == "replaces") mean_ = mean_ * 0.9 + seen_ * 0.1;  // rather than mean_.mul_().add_()
  }
  std::optional<std::int64_t> graph_key(std::int64_t) const override {
    return how_ == "differs" ? std::nullopt : std::optional<std::int64_t>(0);
  }

 private:
  std::string how_;
  Tensor mean_, seen_;
};

}  // namespace

KTB_METHOD(Unrecorded, "cannot be recorded on a GPU", "made for tests")
