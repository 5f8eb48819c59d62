#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ktb/budget.hpp"
#include "ktb/group.hpp"
#include "ktb/pairing.hpp"
#include "ktb/step.hpp"

namespace ktb {

/// What a method can be paired with, known from its options alone.
struct MethodNeeds {
  std::vector<Mode> modes = {Mode::kTrained};  ///< those it can take, the default first
  int least = 1, most = 1;                     ///< number of sources; most 0: any
  bool target = true;                          ///< false: the hub itself predicts
};

/// Training without a source.
inline MethodNeeds no_source() { return {.modes = {Mode::kNone}, .least = 0, .most = 0}; }

/// What it wants of one source.
struct SourceUse {
  bool model = true;           ///< false: only its weights, its task or its batches matter
  bool features = true;        ///< false: only pred and pooled are read, so outputs can be kept
  bool batches = false;        ///< its own task's batches are drawn each step
  bool starts_target = false;  ///< its trunk is copied into the target's, by name and shape
  bool trains_head = false;    ///< of a source that is otherwise frozen
  /// false: neither what its head predicts nor the head's weights are read, so that a source does
  /// whose file has no head for its task.
  bool head = true;
  bool sites = false;  ///< its weights at its sites are read
};

/// The live side: built and owned by the harness, kept by methods as plain pointers. Never register
/// its models as submodules: they would be trained, saved and counted twice.
struct KTB_API Transfer {
  Pairing pairing;
  std::shared_ptr<Model> target;
  std::vector<std::shared_ptr<Model>> sources;  ///< null where SourceUse::model is false
  std::vector<std::string> into;  ///< the target's sites, `takes()` where the suite is silent
  std::vector<std::vector<std::string>> from;  ///< of each source, `gives()` likewise
  Tensor labels;  ///< [N] of the training split in index order; undefined where there are none
  Budget budget;

  Tensor taken(std::size_t site = 0) const { return target->site(into.at(site)); }
  Tensor given(std::size_t source = 0, std::size_t site = 0) const {
    return sources.at(source)->site(from.at(source).at(site));
  }
};

struct Case;
/// Named summands of the loss, weights included. `task` is reserved for the target's own task, so
/// that "X + KD" does not count it twice.
using Terms = std::vector<std::pair<std::string, Tensor>>;
using Survey = std::function<void(const std::function<void(Step&)>&)>;

/// How knowledge moves. Constructed as `T(Options&)`. A module, so that what it learns is
/// optimised, counted, checkpointed and moved to the device by the harness.
class KTB_API Method : public torch::nn::Module {
 public:
  Method();
  ~Method() override;

  // Plan time: from options and plain data only.
  virtual MethodNeeds needs() const { return {}; }
  virtual SourceUse use(std::size_t) const { return {}; }
  /// Why this pairing cannot be run: a hole in the table, with this footnote. "": it can.
  virtual Reason unsuited(const Pairing&) const { return {}; }

  // Once. What must survive a checkpoint is a registered parameter or buffer of final shape.
  virtual void attach() {}
  /// Default: one group of all its parameters, the suite's recipe.
  virtual std::vector<Group> groups() { return {}; }
  /// A pass over the training split in order, in evaluation mode and without gradient.
  virtual void survey(const Survey&) {}

  // Each step, in this order; the harness draws batches before and steps optimisers between.
  virtual void before(Step&) {}     ///< may write weights; no forward has run
  virtual Terms losses(Step&) = 0;  ///< their sum is differentiated once
  virtual void after(Step&) {}      ///< optimisers have stepped; may write weights and buffers

  // Any time, without gradient and in evaluation mode.
  virtual Tensor predict(const Batch& batch);
  /// What a user of the result must keep: by default the target alone.
  virtual std::vector<Tensor> deployed() const;
  /// Figures of its own, for each line of the curve and for the record, of what was predicted since
  /// the last training step, if anything: the share of each member of a hub, say.
  virtual std::map<std::string, double> figures() const { return {}; }
  /// Tensors that are stored beside the record for a picture: attention maps, say.
  virtual Tensors pictures() const { return {}; }
  /// Steps of equal key do the same tensor operations; none: never captured.
  virtual std::optional<std::int64_t> graph_key(std::int64_t /*step*/) const { return 0; }

  // Fidelity: cases beyond the method's own name that it answers, see ktb/case.hpp.
  virtual std::vector<std::string> checks() const { return {}; }
  virtual void check(Case&) {}

  void bind(Transfer transfer);
  /// What the method noted since the start of the step.
  const Tensors& notes() const { return notes_; }
  void forget_notes() { notes_.clear(); }

 protected:
  const Transfer& t() const { return transfer_; }
  /// Lets others see a value on the way to the loss: `plugin check` compares it with `out.NAME`.
  void note(const std::string& name, const Tensor& value);

 private:
  Transfer transfer_;
  Tensors notes_;
};

}  // namespace ktb
