// Knowledge Flow: layers of several teachers, of any architecture and task, flow into those of a
// student by weights that sum to 1 in each layer; the weights learn, and a loss that asks for the
// student's own lets the teachers go, while another keeps its prediction from jumping. In the end
// the student stands alone. Liu, Peng, Schwing, ICLR 2019, arXiv 1904.05878.
// There is no public code. Ours are: the layers, which are the student's last convolution of each
// shape of feature map and the pooled feature; a teacher's layer at the same relative depth for
// each of them; how weights start and losses are weighed. The student is judged alone, whatever its
// teachers weigh by then. Where it acts, it does so in their company until they leave, since it
// learns the values of that company.
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <limits>

#include "entrance.hpp"
#include "inlet.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/losses.hpp"
#include "past.hpp"

namespace {

using ktb::Tensor;
using namespace ktb::knowledge_flow;

class KnowledgeFlow final : public ktb::Method {
 public:
  explicit KnowledgeFlow(ktb::Options& o)
      : dependency_(o.get("dependency", 1.0,
                          "weight of the loss that lets teachers go: minus the logarithms of the "
                          "student's own weights; our choice",
                          {.least = 0})),
        rise_(o.get("rise", 5.0, "epochs in which that weight grows from 0; 0: none; our choice",
                    {.least = 0})),
        kl_(o.get("kl", 1.0,
                  "weight of the divergence of a prediction from that of the network of a step "
                  "ago; our choice",
                  {.least = 0})),
        start_(o.get("start", 0.5, "the student's own weight in a layer at first; our choice",
                     {.least = 1e-6, .most = 1 - 1e-6})),
        weights_lr_(
            o.get("weights_lr", 1.0, "factor on the learning rate of the weights", {.least = 0})),
        leave_(o.get("leave", -1.0,
                     "epochs after which teachers are gone, and with them both losses; 0: they "
                     "never come; -1: they stay until training ends, which no player may ask for",
                     {.least = -1})) {}

  ktb::MethodNeeds needs() const override { return {.most = 0}; }
  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (acts(p) && leave_ < 0)
      return "a player acts with its teachers while they are there: set `leave`";
    if (auto reason = acts(p) ? "" : p.no_classes(); !reason.empty()) return reason;
    return p.unreadable();
  }

  void attach() override {
    const auto& own = t().pairing.target->model;
    for (const auto& entrance : entrances(*t().target, own.features)) {
      const auto depth = own.features.size() < 2 ? 1.0
                                                 : static_cast<double>(entrance.place) /
                                                       static_cast<double>(own.features.size() - 1);
      add_inlet(own.features[entrance.place], depth);
      open_inlet(*entrance.convolution, inlets_.size() - 1);
    }
    add_inlet({own.pooled}, kPooled);
    leave_steps_ = leave_ < 0 ? std::numeric_limits<std::int64_t>::max() : t().budget.steps(leave_);
    const bool alone = leave_steps_ == 0 || !acts(t().pairing);
    alone_ = register_buffer("alone", at::full({}, alone ? 1 : 0, at::kLong));
    if (kl_ == 0 || leave_steps_ == 0) return;
    auto live = t().target->parameters();
    for (const auto& buffer : t().target->buffers()) live.push_back(buffer);
    for (const auto& parameter : parameters()) live.push_back(parameter);
    past_ = register_module("past", Past(live));
  }

  std::vector<ktb::Group> groups() override {
    ktb::Group weights;
    weights.name = "weights";
    weights.lr_scale = weights_lr_;
    weights.weight_decay = 0;  // it would pull them towards equal shares
    for (const auto& inlet : inlets_) weights.parameters.push_back(inlet->logits());
    return {weights};
  }

  ktb::Terms losses(ktb::Step& step) override {
    if (step.index >= leave_steps_) {
      alone_.fill_(1);
      return {{"task", step.task_loss()}};
    }
    teachers_.clear();
    for (std::size_t i = 0; i < t().sources.size(); ++i) teachers_.push_back(step.source(i));
    const auto& lane = step.lane();
    const auto again = [&] { return t().target->trunk(lane.batch); };
    const auto past = past_ ? past_->relive([&] { return mixed(again); }) : Tensor();
    const auto now = mixed([&] { return step.target(); });
    ktb::Terms terms{{"task", lane.loss(now)},
                     {"dependency", dependency_ * step.ramp(rise_) * dependence()}};
    if (past_)
      terms.emplace_back("kl", kl_ * ktb::kl_divergence(lane.logits(now), lane.logits(past)));
    return terms;
  }

  Tensor predict(const ktb::Batch& batch) override {
    if (is_alone()) return ktb::Method::predict(batch);
    teachers_.clear();
    for (const auto& source : t().sources) teachers_.push_back((*source)(batch));
    return mixed([&] { return t().target->trunk(batch); });
  }
  std::vector<Tensor> deployed() const override {
    auto all = ktb::Method::deployed();
    if (is_alone()) return all;
    for (const auto& parameter : parameters()) all.push_back(parameter);
    for (const auto& source : t().sources)
      for (const auto& trunk : ktb::trunk_group(*source, 1).parameters) all.push_back(trunk);
    return all;
  }
  std::optional<std::int64_t> graph_key(std::int64_t step) const override {
    return step >= leave_steps_;
  }

  /// `weight.own` and `weight.TEACHER`: means over the layers.
  std::map<std::string, double> figures() const override {
    const torch::NoGradGuard no_grad;
    std::vector<Tensor> all;
    for (const auto& inlet : inlets_) all.push_back(inlet->log_weights().exp());
    const auto mean = at::stack(all).mean(0).to(at::kDouble).cpu();
    std::map<std::string, double> out{{"weight.own", mean[0].item<double>()}};
    for (std::size_t i = 0; i < t().sources.size(); ++i)
      out["weight." + t().pairing.sources[i].model.name] =
          mean[static_cast<std::int64_t>(i) + 1].item<double>();
    return out;
  }

 private:
  static constexpr double kPooled = -1;  ///< in the place of a depth

  static bool acts(const ktb::Pairing& p) {
    return p.task.kind == "control" || p.task.kind == "actor_critic";
  }
  /// Whether the student predicts without its teachers.
  bool is_alone() const { return alone_.item<std::int64_t>() != 0; }

  /// The place of a teacher's layer at a depth from 0 to 1; none: its pooled feature.
  static std::optional<std::size_t> place(const ktb::ModelCard& teacher, double depth) {
    if (depth == kPooled || teacher.features.empty()) return {};
    return std::lround(depth * static_cast<double>(teacher.features.size() - 1));
  }

  void add_inlet(const Shape& own, double depth) {
    std::vector<Shape> shapes;
    std::vector<std::optional<std::size_t>> places;
    for (const auto& source : t().pairing.sources) {
      places.push_back(place(source.model, depth));
      shapes.push_back(places.back() ? source.model.features[*places.back()]
                                     : Shape{source.model.pooled});
    }
    const auto name = "inlet." + std::to_string(inlets_.size());
    inlets_.push_back(ktb::add_layer(*this, name, Inlet(own, shapes, start_)));
    places_.push_back(places);
  }

  void open_inlet(ktb::ConvolutionImpl& convolution, std::size_t number) {
    convolution.stand_in = [this, &convolution, number](const Tensor& x) {
      const auto own = convolution.torch::nn::Conv2dImpl::forward(x);
      return flows_ ? flown(number, own) : own;
    };
  }

  /// The student's layer with what flows into it.
  Tensor flown(std::size_t number, const Tensor& own) {
    std::vector<Tensor> given;
    for (std::size_t i = 0; i < teachers_.size(); ++i) {
      const auto at = places_[number][i];
      given.push_back(at ? teachers_[i].features.at(*at) : teachers_[i].pooled);
    }
    return inlets_[number]->forward(own, given);
  }

  /// The prediction of the student with its teachers; `trunk` runs it.
  Tensor mixed(const std::function<ktb::Output()>& trunk) {
    flows_ = true;
    auto out = trunk();
    flows_ = false;
    out.pooled = flown(inlets_.size() - 1, out.pooled);
    return t().target->head(out);
  }

  Tensor dependence() const {
    std::vector<Tensor> own;
    for (const auto& inlet : inlets_) own.push_back(inlet->log_weights()[0]);
    return -at::stack(own).sum();
  }

  double dependency_, rise_, kl_, start_, weights_lr_, leave_;
  std::int64_t leave_steps_ = 0;
  std::vector<Inlet> inlets_;  ///< the last is that of the pooled feature
  std::vector<std::vector<std::optional<std::size_t>>> places_;  ///< of each inlet and teacher
  Past past_{nullptr};
  Tensor alone_;                       ///< survives a checkpoint
  std::vector<ktb::Output> teachers_;  ///< what they say of the batch at hand
  bool flows_ = false;
};

}  // namespace

KTB_METHOD(KnowledgeFlow, "layers of several teachers flow into the student, until it needs none",
           "Liu et al., ICLR 2019, arXiv 1904.05878")
