#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/plan/make_plan.hpp"
#include "core/plan/parts.hpp"

namespace ktb::core {

/// The drafts of a plan's cells and of everything that their sources need.
class DraftBook {
 public:
  DraftBook(Describer& describer, Drafter& drafter) : describer_(describer), drafter_(drafter) {}

  /// Drafts and asks until no plugin has anything new to say.
  void settle(const std::vector<Wish>& wishes);

  /// One draft for each candidate of a tuned method, else one.
  const std::vector<Draft>& of(const Wish& wish) const { return drafts_.at(&wish); }
  /// Whether a control would differ: what trains from the start needs no trained source.
  bool has_trained_source(const Wish& wish) const;
  /// What must be trained for a source.
  const Wish& training_of(const SourceWish& source, Control control);

 private:
  void draft(const Wish& wish);

  Describer& describer_;
  Drafter& drafter_;
  std::unordered_map<const Wish*, std::vector<Draft>> drafts_;
  std::map<std::string, std::unique_ptr<Wish>> sources_;
};

/// A seed and its position in the list of seeds, which picks the source's seed.
struct SeedAt {
  std::uint64_t seed = 0;
  std::size_t index = 0;
};

/// Makes trials of drafts: equal content is one trial, sources come before what needs them.
class TrialBook {
 public:
  TrialBook(const Suite& suite, const PlanOptions& options, DraftBook& drafts, Describer& describer,
            Drafter& drafter, PartMaker& parts)
      : suite_(suite),
        options_(options),
        drafts_(drafts),
        describer_(describer),
        drafter_(drafter),
        parts_(parts) {}

  /// Why this candidate cannot be run; empty: it can.
  const Reason& hole(const Wish& wish, std::size_t candidate) {
    return training(wish, candidate).hole;
  }
  const Origins& origin(const Wish& wish, std::size_t candidate) {
    return training(wish, candidate).origin;
  }
  /// The values of the options that the grid's axes name, defaults included.
  std::map<std::string, std::string> option_axes(const Wish& wish);
  /// The trial's index; it is made where it was not yet.
  std::size_t trial(const Wish& wish, std::size_t candidate, SeedAt at);

  std::vector<Trial>& trials() { return trials_; }
  /// Adds to the counts of rules, and tells each trial what it lacks.
  void count_up();

 private:
  /// A draft turned into trial.json, but for the seed and the sources' keys.
  struct Training : Outline {
    const Wish* wish = nullptr;
    const Draft* draft = nullptr;
    Reason hole;
    std::string slug;
    Json sources;  ///< their share of the key
    Origins origin;
    std::vector<const Wish*> feeds;  ///< what each source is trained by; null: nothing
    std::set<std::size_t> lacks;
    std::map<std::uint64_t, std::size_t> made;  ///< seed -> trial, for one position of the seed
    std::shared_ptr<const Outline> outline;     ///< of its trials; null before the first
  };

  Training& training(const Wish& wish, std::size_t candidate);
  void build(Training& training);
  void shuffle_labels(Training& training, const TaskPart& task);
  void build_target(Training& training);
  void build_method(Training& training);
  void build_sources(Training& training);
  void add_source(Training& training, const SourceWish& use);
  /// Whether a file that is a source can be judged on its task: its data are there, and its head.
  bool judged(const SourceWish& use) const;
  void build_recipe(Training& training);
  Reason cannot(const Training& training) const;
  void take(Training& training, const Part& part, const std::string& prefix);
  std::size_t add(Training& training, Trial made, const std::set<std::size_t>& needs);
  std::string slug(const Training& training) const;

  const Suite& suite_;
  const PlanOptions& options_;
  DraftBook& drafts_;
  Describer& describer_;
  Drafter& drafter_;
  PartMaker& parts_;
  std::unordered_map<const Wish*, std::vector<std::unique_ptr<Training>>> trainings_;
  std::vector<Trial> trials_;
  std::vector<std::set<std::size_t>> lacks_;  ///< by trial, its sources' included
  std::vector<const Draft*> first_drafts_;    ///< by trial
  std::unordered_map<std::string, std::size_t> by_key_;
};

}  // namespace ktb::core
