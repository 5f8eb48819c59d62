#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ktb/method.hpp"
#include "run/check/case.hpp"
#include "run/plugins/loader.hpp"
#include "run/train/optimiser_set.hpp"

namespace ktb::run {

/// A method set up on the tensors of a case: stored outputs and weights stand in for the models, so
/// that its arithmetic alone is judged.
class Bench {
 public:
  /// `name` is the plugin; its options are those of the case that it declares. Leaves are cloned,
  /// so that gradients gather in the bench.
  Bench(Registry& registry, const std::string& name, const StoredCase& stored);

  /// Binds the method to stand-in models and puts the case's parameters and buffers into it. Throws
  /// Error where the case holds some that the method lacks, or the other way round.
  void attach();
  /// Puts what fits; returns the parameters of the case that the method lacks,
  /// as leaves by their whole name.
  Tensors load();
  /// Clips and steps the method's groups of one name.
  void update(const std::string& group);
  /// Gradients, buffers and parameters, under the names of references.
  void collect(Tensors& answers) const;

  Method& method() { return *method_; }
  const Tensors& leaves() const { return leaves_; }  ///< without the prefix `in.`
  const TaskSpec& task() const { return transfer_.pairing.task; }
  /// What the case has stored of a seat's outputs.
  Output output(Seat seat) const;
  std::int64_t batch_size() const;

 private:
  void make_leaves();
  void make_transfer();
  /// The first part of the names of a seat's tensors: `target`, `source` or `source.1`.
  std::string party(Seat seat) const;
  Tensor leaf(const std::string& name) const;  ///< undefined where there is none
  std::size_t count_sources() const;
  Pairing::Party make_party(Seat seat, const std::string& label) const;
  std::shared_ptr<Model> make_model(Seat seat, const Pairing::Party& made);
  /// Where a parameter of the target starts before the case's value is put there.
  Tensor start_of(const std::string& parameter) const;
  void load_formula();

  const StoredCase& stored_;
  std::shared_ptr<Method> method_;
  Tensors leaves_;
  Transfer transfer_;
  OptimiserSet optimisers_;  ///< of all groups, made by the first update
};

}  // namespace ktb::run
