#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/plan/trial_spec.hpp"

namespace ktb::core {

/// What the seeds of a cell have in common. A plan of many seeds holds it once.
struct Outline {
  TrialSpec spec;  ///< without id, key, seed and the trials of its sources
  /// The members that the key hashes, as JSON; of `seed` and `sources`, which differ, nothing.
  std::map<std::string, std::string> texts;
};

/// One training: the unit of running, caching, resuming, failing.
struct Trial {
  std::string id;                  ///< readable slug and the first 12 digits of the key
  std::string key;                 ///< content key, docs/contracts.md
  std::vector<std::string> needs;  ///< trials that make its sources' weights
  std::string accepted;  ///< how its record differs that was reused on request; empty: it does not
  /// What it or its sources need and this machine lacks, in words: its key is then none that a
  /// record could have.
  std::vector<std::string> lacks;
  bool keep_weights = false;

  /// False of a trial of a stored plan, whose settings lie in its folder.
  bool described() const { return outline_ != nullptr; }
  /// trial.json, made for the call; of a trial without settings an empty one.
  TrialSpec spec() const;
  /// The same, but for id, key, seed, `keep_weights` and its sources' trials, and kept.
  const TrialSpec& outline() const;
  std::uint64_t seed() const { return seed_; }
  /// Canonical JSON that the key hashes, for `ktbench why`.
  std::string fields() const;

  /// Settings of its own.
  void describe(TrialSpec spec, std::string fields);
  /// Those of an outline; `feeds` are the trials of its sources, empty where none makes one, and
  /// `sources` what the key hashes of them, as JSON.
  void describe(std::shared_ptr<const Outline> outline, std::uint64_t seed,
                std::vector<std::string> feeds, std::string sources);
  /// Changes what its outline says, and no other trial's.
  template <class Change>
  void change(Change&& change) {
    auto own = outline_ ? std::make_shared<Outline>(*outline_) : std::make_shared<Outline>();
    change(own->spec);
    outline_ = std::move(own);
  }

 private:
  std::shared_ptr<const Outline> outline_;
  std::uint64_t seed_ = 0;
  std::vector<std::string> feeds_;
  std::string sources_;  ///< JSON; of settings of its own the whole of `fields`
  bool own_ = false;
};

}  // namespace ktb::core
