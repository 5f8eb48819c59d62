// MergeNet, the variant that the authors released: every f batches an adapter makes the target's
// weight matrix anew from that matrix and the source's; after the target's step the adapter follows
// the change that training made to its result. Li et al., AAAI 2025, arXiv 2404.13322.
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/dropout.h>

#include <cmath>
#include <numbers>

#include "ktb/layers.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Mode, ktb::Tensor;

Tensor matrix(const Tensor& weight) {
  return weight.detach().clone(at::MemoryFormat::Contiguous).flatten(1);
}

class MergeNet final : public ktb::Method {
 public:
  explicit MergeNet(ktb::Options& o)
      : f_(o.get("f", 2, "a transfer every f batches (T_cycle)", {.least = 1})),
        warm_(o.get("warm", 0.02, "share of the training at the full rate, before the cosine to 0",
                    {.least = 0, .most = 1})),
        mix_(o.get("write_mode", "overwrite", "overwrite the weight or mix it",
                   {"overwrite", "mix"}) == "mix"),
        alpha_(o.get("alpha", 0.5, "mix: (1 - alpha) old + alpha new", {.least = 0, .most = 1})),
        rescale_(o.get("rescale", "auto",
                       "match_std keeps the weight's standard deviation; auto, our choice: only "
                       "where no normalisation follows",
                       {"auto", "none", "match_std"})) {
    shape_.layers = o.get("num_ktl", 2, "knowledge transfer layers", {.least = 1});
    shape_.heads = o.get("heads", 8, "attention heads", {.least = 1, .most = 128});
    shape_.norm_eps = o.get("ln_eps", 1e-12, "epsilon of the layer normalisations");
    const auto noise = o.get("dropout", 1.0,
                             "scales both dropout rates; 0: off, or their noise is "
                             "written into the weight",
                             {.least = 0, .most = 1});
    const ktb::Range rate{.least = 0, .most = 1};
    shape_.attention_dropout = noise * o.get("attention_dropout", 0.1, "on attention", rate);
    shape_.ffn_dropout = noise * o.get("ffn_dropout", 0.2, "on the feed-forward branch", rate);
    recipe_.optimizer = "adamw";
    recipe_.lr = o.get("lr", 1e-3, "the adapter's rate", {.least = 0});
    recipe_.weight_decay = o.get("weight_decay", 5e-4, "the adapter's, but for biases and norms");
    recipe_.clip = o.get("clip_norm", 50.0,
                         "norm to which the adapter's gradient is clipped; 0: not", {.least = 0});
    recipe_.eps = o.get("eps", 1e-8, "of the adapter's AdamW");
    const auto betas = o.get("betas", std::vector<double>{0.9, 0.999}, "of the adapter's AdamW");
    if (betas.size() != 2) throw ktb::OptionError("betas", "betas takes two numbers");
    recipe_.beta1 = betas[0], recipe_.beta2 = betas[1];
    recipe_.schedule = [warm = warm_](double progress) {
      return progress < warm
                 ? 1
                 : (1 + std::cos(std::numbers::pi * (progress - warm) / (1 - warm))) / 2;
    };
  }

  ktb::Needs needs() const override {
    return {.modes = {Mode::kFreshJoint, Mode::kTrainedJoint, Mode::kTrained}};
  }
  ktb::Use use(std::size_t) const override { return {.features = false, .batches = true}; }

  void attach() override {
    const auto a = t().taken(), b = t().given();
    for (const auto& [site, name] : {std::pair{a, t().into.at(0)}, {b, t().from.at(0).at(0)}})
      if (site.dim() < 2) throw ktb::Error("`" + name + "` is no matrix; choose another site");
    shape_.m = a.size(0), shape_.n = a[0].numel(), shape_.p = b.size(0), shape_.q = b[0].numel();
    adapter_ = register_module("adapter", ktb::MatrixAdapter(shape_));
    match_std_ = rescale_ == "match_std" ||
                 (rescale_ == "auto" && !t().target->normalised_after(t().into.at(0)));
  }

  /// The gradient is clipped over both groups, which share their name.
  std::vector<ktb::Group> groups() override {
    ktb::Group decayed;
    decayed.name = "adapter", decayed.recipe = recipe_, decayed.manual = true;
    auto plain = decayed;
    plain.weight_decay = 0;
    for (const auto& item : named_parameters()) {
      const bool spared = item.key().find("bias") != std::string::npos ||
                          item.key().find("norm") != std::string::npos;
      (spared ? plain : decayed).parameters.push_back(item.value());
    }
    return {decayed, plain};
  }

  void before(ktb::Step& step) override {
    written_ = Tensor();
    if (step.index % f_ != 0) return;
    const auto site = t().taken(), old = matrix(site);
    auto made = adapter_(old, matrix(t().given()));
    if (match_std_) made = made * (old.std() / made.detach().std().clamp_min(1e-12));
    written_ = mix_ ? old.lerp(made, alpha_) : made;
    const at::NoGradGuard no_grad;
    site.copy_(written_.view(site.sizes()));
  }

  ktb::Terms losses(ktb::Step& step) override {
    ktb::Terms terms{{"task", step.task_loss()}};
    if (t().pairing.joint(0)) terms.emplace_back("source", step.lane(0).loss(step.run(0, 0).pred));
    return terms;
  }

  void after(ktb::Step& step) override {
    if (!written_.defined()) return;
    follow(written_, (written_ - t().taken().flatten(1)).detach());
    step.update("adapter");
    written_ = Tensor();
  }

  std::optional<std::int64_t> graph_key(std::int64_t step) const override { return step % f_ == 0; }

  std::vector<std::string> checks() const override {
    return {"mergenet_adapter", "mergenet_update"};
  }
  void check(ktb::Case& c) override;

 private:
  /// Delta rule: `delta` is lr times the target's gradient (smoothed by its momentum), so the
  /// vector Jacobian product is the chain rule through the written weight.
  void follow(const Tensor& written, const Tensor& delta) {
    const auto all = parameters();
    const auto gradients = torch::autograd::grad({written}, all, {delta}, {}, false, true);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].mutable_grad() = gradients[i];
  }

  std::int64_t f_;
  double warm_;
  bool mix_;
  double alpha_;
  std::string rescale_;
  ktb::AdapterShape shape_;
  ktb::Recipe recipe_;
  ktb::MatrixAdapter adapter_{nullptr};
  bool match_std_ = false;
  Tensor written_;  ///< with its graph, between before() and after()
};

/// The reference runs without dropout. `mergenet_update` counts epochs out of 200.
void MergeNet::check(ktb::Case& c) {
  for (const auto& module : modules())
    if (auto* dropout = module->as<torch::nn::Dropout>()) dropout->options.p(0);
  const auto a = c.in.at("target.weight"), b = c.in.at("source.weight");
  Tensor made;
  for (auto i = c.options.get("forwards", 1, "forwards of the adapter"); i > 0; --i)
    made = adapter_(a.flatten(1), b.flatten(1));
  c.out["weight"] = made.view(a.sizes());
  if (c.name == "mergenet_adapter") {
    c.out["loss"] = (c.out["weight"] * c.in.at("cotangent")).sum();
    return;
  }
  follow(made, c.in.at("delta").flatten(1));
  Tensor square = at::zeros({});
  for (const auto& parameter : parameters()) square += parameter.grad().square().sum();
  c.out["grad_norm_before_clip"] = square.sqrt();
  const auto epoch = c.options.get("epoch", 0, "epoch of the step");
  c.out["scheduler_steps"] = at::scalar_tensor(epoch / 200.0 >= warm_, at::kLong);
  c.update("adapter");
}

}  // namespace

KTB_METHOD(MergeNet, "an adapter makes the target's weights from its own and the source's",
           "Li et al., AAAI 2025, arXiv 2404.13322")
