// MergeNet: every f batches an adapter makes a weight matrix of the target anew from that matrix
// and one of the source; after the target's step the adapter follows the change that training made
// to its result. Two variants: as the authors released it, on whole matrices, and as the paper
// describes it, on the factors A of weights kept as B A. Li et al., AAAI 2025, arXiv 2404.13322.
#include "adapter.hpp"
#include "factored.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/sites.hpp"

namespace {

using ktb::Mode, ktb::Tensor;
using namespace ktb::mergenet;
using Names = std::vector<std::string>;

class MergeNet final : public ktb::Method {
 public:
  explicit MergeNet(ktb::Options& o)
      : low_rank_(o.get("variant", "released",
                        "released: whole matrices, as in the authors' code; low_rank: the factors "
                        "A of weights that are products B A, as in the paper",
                        {"released", "low_rank"}) == "low_rank"),
        both_(o.get("direction", "to_target", "both: the source takes from the target as well",
                    {"to_target", "both"}) == "both"),
        target_from_(o.get("target_from", Names{},
                           "sites where knowledge leaves the target: both, or without a source, "
                           "where it stays within the target; none: the model's own")),
        source_into_(o.get("source_into", Names{},
                           "both: sites where it enters the source; none: the model's own")),
        pictures_(o.get("pictures", false, "keep the attention of each transfer at the end")),
        adapters_(o),
        factors_(o) {}

  ktb::MethodNeeds needs() const override {
    return {.modes = {Mode::kFreshJoint, Mode::kTrainedJoint, Mode::kTrained, Mode::kNone}};
  }
  ktb::SourceUse use(std::size_t) const override {
    return {.features = false, .batches = true, .head = false, .sites = true};
  }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (!both_) return {};
    if (p.sources.empty()) return "without a source there is nobody to give back to";
    return p.joint(0) ? "" : "a source that does not train along takes nothing back";
  }

  void attach() override {
    const auto& target = *t().target;
    const auto leaves = target_from_.empty() ? Names{target.gives()} : target_from_;
    if (t().sources.empty()) return connect(target, t().into, target, leaves);
    const auto& source = *t().sources[0];
    connect(target, t().into, source, t().from[0]);
    if (both_)
      connect(source, source_into_.empty() ? Names{source.takes()} : source_into_, target, leaves);
  }

  std::vector<ktb::Group> groups() override {
    std::vector<ktb::Group> all{written_weights(factored_)};
    for (std::size_t i = 0; i < transfers_.size(); ++i)
      for (auto& group : transfers_[i].groups(name(i))) all.push_back(std::move(group));
    return all;
  }

  void before(ktb::Step& step) override {
    if (!adapters_.take_part(step.index)) return;
    for (auto& transfer : transfers_) transfer.make();
    if (step.index < adapters_.write_from) return;
    for (auto& transfer : transfers_) transfer.write();
    for (auto& weight : factored_) weight->write();
  }

  ktb::Terms losses(ktb::Step& step) override {
    ktb::Terms terms{{"task", step.task_loss()}};
    if (!t().sources.empty() && t().pairing.joint(0))
      terms.emplace_back("source", step.lane(0).loss(step.run(0, 0).pred));
    return terms;
  }

  void after(ktb::Step& step) override {
    for (auto& weight : factored_) weight->write();
    if (!adapters_.take_part(step.index)) return;
    for (std::size_t i = 0; i < transfers_.size(); ++i) {
      transfers_[i].follow();
      step.update(name(i));
    }
  }

  ktb::Tensors pictures() const override {
    ktb::Tensors all;
    for (std::size_t i = 0; pictures_ && i < transfers_.size(); ++i)
      for (const auto& [layer, map] : transfers_[i].attention())
        all[name(i) + "." + layer] = map.mean(0);
    return all;
  }

  std::map<std::string, double> figures() const override {
    std::map<std::string, double> all;
    for (std::size_t i = 0; i < transfers_.size(); ++i)
      for (const auto& [figure, value] : transfers_[i].diagnosis())
        all[name(i) + "." + figure] = value;
    return all;
  }

  std::optional<std::int64_t> graph_key(std::int64_t step) const override {
    return adapters_.take_part(step) ? 1 + (step >= adapters_.write_from) : 0;
  }

  Names checks() const override {
    return {"mergenet_adapter", "mergenet_update", "mergenet_lowrank"};
  }
  void check(ktb::Case& c) override {
    c.name == "mergenet_lowrank" ? check_factors(c) : transfers_.at(0).check(c);
  }

 private:
  static std::string name(std::size_t i) { return "adapter" + (i ? std::to_string(i) : ""); }

  void connect(const ktb::Model& to, const Names& into, const ktb::Model& of, const Names& from) {
    for (const auto& pair : ktb::pair_sites(to, into, of, from)) {
      const bool scale_counts = !to.normalised_after(pair.into) || (low_rank_ && factors_.residual);
      const auto taken = matrix(to, pair.taken), given = matrix(of, pair.given);
      transfers_.emplace_back(taken, given, adapters_, scale_counts);
      register_module(name(transfers_.size() - 1), transfers_.back().adapter());
    }
  }

  /// What the adapter sees of a weight: all of it, or the factor A, one whatever the weight's uses.
  Tensor matrix(const ktb::Model& model, const Tensor& weight) {
    if (!low_rank_) return weight;
    for (const auto& known : factored_)
      if (known->weight().is_same(weight)) return known->A;
    const auto& p = t().pairing;
    const bool own = &model == t().target.get();
    const bool fresh = own ? p.target->mode == Mode::kNone : p.sources[0].mode == Mode::kFreshJoint;
    factored_.push_back(register_module("factors" + std::to_string(factored_.size()),
                                        FactoredWeight(weight, factors_, fresh)));
    return factored_.back()->A;
  }

  bool low_rank_, both_;
  Names target_from_, source_into_;
  bool pictures_;
  AdapterOptions adapters_;
  FactorOptions factors_;
  std::vector<MatrixTransfer> transfers_;
  std::vector<FactoredWeight> factored_;
};

}  // namespace

KTB_METHOD(MergeNet, "an adapter makes the target's weights from its own and the source's",
           "Li et al., AAAI 2025, arXiv 2404.13322")
