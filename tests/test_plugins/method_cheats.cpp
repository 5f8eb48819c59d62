// Trains from a source as `kd` would be allowed to, and does what `how` says where a benchmark must
// not let it.
#include <ATen/ops/cat.h>
#include <ATen/ops/complex.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/zeros_like.h>
#include <torch/utils.h>

#include <cmath>
#include <cstdint>

#include "ktb/plugin.hpp"

namespace {

using ktb::Batch, ktb::Tensor;

class Cheats final : public ktb::Method {
 public:
  explicit Cheats(ktb::Options& options)
      : how_(options.get("how", "returns the answers", "what it does",
                         {"returns the answers", "writes into the inputs", "writes into the batch",
                          "writes into the survey", "writes to the source", "negates the source",
                          "more columns", "fewer rows", "whole numbers", "complex numbers",
                          "no numbers", "infinite numbers", "nothing", "loses its weights",
                          "names a metric", "throws before", "throws after", "throws bytes"})) {}

  void survey(const ktb::Survey& over) override {
    over([&](ktb::Step& step) {
      if (how_ == "writes into the survey") write(step.lane().batch.x);
    });
  }

  void before(ktb::Step& step) override {
    if (how_ == "throws before" && step.index == 2) throw ktb::Error("the codebook is empty");
  }

  ktb::Terms losses(ktb::Step& step) override {
    auto loss = step.task_loss();
    if (how_ == "writes into the batch" && step.index == 2) write(step.lane().batch.y);
    if (how_ == "throws bytes") throw ktb::Error("\x1B[31mno \xFF codebook\x1B[0m");
    if (how_ == "loses its weights") loss = loss.nan_to_num(1);
    return {{"task", loss}};
  }

  void after(ktb::Step& step) override {
    const torch::NoGradGuard no_grad;
    if (step.index != 2) return;
    if (how_ == "throws after") throw ktb::Error("the codebook is full");
    if (how_ == "writes to the source") t().sources[0]->parameters()[0].add_(1e-3);
    if (how_ == "negates the source") t().sources[0]->parameters()[0].neg_();
    if (how_ == "loses its weights") t().target->parameters()[0].fill_(NAN);
  }

  Tensor predict(const Batch& batch) override {
    const auto logits = ktb::Method::predict(batch);
    if (how_ == "returns the answers" && batch.y.contains("label"))
      return at::one_hot(batch.y.at("label"), logits.size(1)).to(at::kFloat);
    if (how_ == "returns the answers") return at::zeros_like(logits);
    if (how_ == "writes into the inputs") write(batch.x);
    if (how_ == "more columns") return at::cat({logits, logits}, 1);
    if (how_ == "fewer rows") return logits.slice(0, 1);
    if (how_ == "whole numbers") return logits.argsort(std::int64_t{1}, false);
    if (how_ == "complex numbers") return at::complex(logits, logits);
    if (how_ == "no numbers") return logits * NAN;
    if (how_ == "infinite numbers") return logits / 0;
    if (how_ == "nothing") return {};
    return logits;
  }

  std::map<std::string, double> figures() const override {
    if (how_ == "names a metric") return {{"top5", 1}};
    return {};
  }

 private:
  static void write(const ktb::Tensors& tensors) {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : tensors) {
      auto alias = tensor;
      alias.zero_();
    }
  }

  std::string how_;
};

}  // namespace

KTB_METHOD(Cheats, "cheats in the way that one asks for", "made for tests")
