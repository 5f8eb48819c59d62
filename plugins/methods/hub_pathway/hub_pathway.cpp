// Hub-Pathway: a light generator chooses for every input k models of a hub and weighs their
// outputs. Only the chosen ones run. An exploration loss spreads the use over the hub, and an
// exploitation loss trains each model on the inputs that chose it.
// Shu et al.: Hub-Pathway: Transfer Learning from A Hub of Pre-trained Models, NeurIPS 2022, arXiv
// 2206.03726. The abstract is all that this follows;
// forms and weights that it does not give are common choices.
#include <ATen/ops/zeros.h>

#include "gating.hpp"
#include "hub.hpp"
#include "ktb/plugin.hpp"
#include "ktb/random.hpp"

namespace {

using ktb::Mode, ktb::Tensor;
using namespace ktb::hub_pathway;

class HubPathway final : public ktb::Method {
 public:
  explicit HubPathway(ktb::Options& o)
      : explore_(o.get("explore", 0.1, "weight of the exploration loss; our choice")),
        exploit_(o.get("exploit", 0.3, "weight of the exploitation loss; our choice")),
        generator_lr_(o.get("generator_lr", 1.0, "factor on its learning rate", {.least = 0})),
        noise_(o.get("noise", true, "the generator's logits are noisy in training")),
        variation_(o.get("explore_kind", "entropy",
                         "entropy: minus that of a batch's mean weights; cv: squared coefficients "
                         "of variation of importance and load",
                         {"entropy", "cv"}) == "cv"),
        own_heads_(o.get("exploit_heads", "own",
                         "what judges a model alone: its own head, or its part of the mixture",
                         {"own", "shared"}) == "own" &&
                   exploit_ > 0),
        mlp_(o.get("aggregate", "linear", "what mixes features; mlp: one hidden layer of 512",
                   {"linear", "mlp"}) == "mlp"),
        side_(o.get("generator_input", 112, "larger pictures are shrunk to this for the generator",
                    {.least = 1})) {
    rule_.k = o.get("k", 2, "models that run for an input", {.least = 1});
    // One weight divided by itself is 1, whatever the generator says: it would learn nothing.
    rule_.renormalise = o.get("renormalise", rule_.k > 1,
                              "the k weights sum to 1; off where k is 1, whose weight then stays "
                              "a factor and teaches the generator");
  }

  ktb::MethodNeeds needs() const override {
    return {.modes = {Mode::kTrainedJoint, Mode::kFreshJoint, Mode::kTrained},
            .least = static_cast<int>(rule_.k),
            .most = 0,
            .target = false};
  }
  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (p.task.kind == "span" || p.task.kind == "retrieval")
      return p.task.kind + " predicts more than one vector an input";
    return p.unreadable();
  }

  void attach() override {
    const auto& p = t().pairing;
    generator_ = register_module("generator", PathwayGenerator(p, side_));
    mixture_ = register_module("mixture", PathwayMixture(p, mlp_ ? 512 : 0, own_heads_));
  }
  std::vector<ktb::Group> groups() override {
    ktb::Group generator;
    generator.parameters = generator_->parameters();
    generator.lr_scale = generator_lr_;
    return {generator};
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto [clean, spread] = generator_(lane.batch);
    const auto draw = [&, &wide = clean] {
      return ktb::random_normal(step.seed("noise"), wide.sizes()).to(wide.scalar_type());
    };
    const auto gating =
        top_k_gating(clean, spread, noise_ ? step.draw("noise", draw) : Tensor(), rule_);
    auto alone = at::zeros({}, clean.options());
    const auto mixed =
        mixture_(t().sources, lane.batch, gating, [&](auto i, auto& features, auto& rows) {
          if (exploit_ > 0) alone = alone + lane.losses(mixture_->alone(i, features), rows).sum();
        });
    const auto uneven =
        variation_ ? squared_variation(gating.importance()) + squared_variation(gating.load())
                   : -entropy(gating.weights.mean(0));
    return {{"task", lane.loss(mixed)},
            {"explore", explore_ * uneven},
            {"exploit", exploit_ / static_cast<double>(gating.chosen.numel()) * alone}};
  }

  Tensor predict(const ktb::Batch& batch) override {
    const auto gating = top_k_gating(generator_(batch).first, {}, {}, rule_);
    routes_.add(gating);
    return mixture_(t().sources, batch, gating);
  }
  /// Where inputs went before says nothing of the weights to come.
  void train(bool on) override {
    ktb::Method::train(on);
    if (on) routes_.clear();
  }
  std::map<std::string, double> figures() const override { return routes_.figures(t().pairing); }
  ktb::Tensors pictures() const override { return {{"pathway", routes_.weights()}}; }

  std::vector<Tensor> deployed() const override {
    std::vector<Tensor> all;
    for (const auto& item : named_parameters())
      if (!item.key().starts_with("mixture.own") && !item.key().starts_with("generator.noise"))
        all.push_back(item.value());
    for (const auto& source : t().sources)
      for (auto& trunk : ktb::trunk_group(*source, 1).parameters) all.push_back(trunk);
    return all;
  }
  /// Which models run depends on the data.
  std::optional<std::int64_t> graph_key(std::int64_t) const override { return {}; }

  std::vector<std::string> checks() const override { return {"noisy_gating"}; }
  void check(ktb::Case& given) override {
    auto& [name, options, in, out, update] = given;
    rule_.epsilon = options.get("gate_eps", 0.0, "the code alone has it, and its slip");
    rule_.coded_load = rule_.epsilon > 0;
    rule_.renormalise = true;  // both references do, for any k
    const auto noise = options.get("train", true, "with noise") ? in.at("noise") : Tensor();
    const auto clean = in.at("x").matmul(in.at("param.w_gate"));
    const auto spread = in.at("x").matmul(in.at("param.w_noise"));
    const auto gating = top_k_gating(clean, spread, noise, rule_);
    out["gates"] = gating.gates;
    out["importance"] = gating.importance();
    out["load"] = gating.load();
    out["loss"] = out["term.gates_dot_cotangent"] = (gating.gates * in.at("gates_cotangent")).sum();
    const double weight = options.get("loss_coef", 0.01, "of both variations");
    for (const std::string part : {"importance", "load"})
      out["loss"] = out["loss"] +
                    (out["term.cv2_" + part + "_weighted"] = weight * squared_variation(out[part]));
  }

 private:
  GatingRule rule_;
  double explore_, exploit_, generator_lr_;
  bool noise_, variation_, own_heads_, mlp_;
  std::int64_t side_;
  PathwayGenerator generator_{nullptr};
  PathwayMixture mixture_{nullptr};
  RouteMeter routes_;  ///< of all predictions since training
};

}  // namespace

KTB_METHOD(HubPathway, "every input takes its own route through a hub of models",
           "Shu et al., NeurIPS 2022, arXiv 2206.03726")
