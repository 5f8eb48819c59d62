#pragma once
#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/session.hpp"
#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "core/table/pick.hpp"

namespace ktb::app {

/// `SUITE kd "r56 -> r20"`, `SUITE ID`, or a trial's id alone.
struct CellChoice {
  Choice choice;
  std::vector<std::string> words;
  std::optional<std::uint64_t> seed;

  void add_to(CLI::App& command);
  /// Takes the suite off the words; for an id alone that of the last plan that has it. False: no
  /// plan has it, but a trial of that id is stored. Throws core::Error where there is neither.
  bool settle();
};

/// The trial that a command is about, and where it stands in a plan.
struct Subject {
  core::Trial trial;
  const core::Cell* cell = nullptr;  ///< none: it only makes weights for others, or no plan has it
  std::uint64_t seed = 0;
  std::size_t candidate = 0;  ///< of a tuned cell
  bool planned = true;        ///< false: this is what its folder says
};

/// `kd, r56 -> r20, images, temperature = 2, seed 0`
std::string title(const Subject& subject);

/// Of exactly this id, in the plan or, where the plan has none, in the store.
std::optional<Subject> trial_named(const core::Plan& plan, const core::Store& store,
                                   const std::string& id);

/// What the words mean: an id's trial, or the one of their cell and seed, of a tuned cell with the
/// value that was picked. Its trial is empty in a cell that cannot be run. Throws core::Error where
/// they mean no cell, or several.
Subject subject_of(const core::Plan& plan, const core::Store& store, const CellChoice& words);

/// So that the ids which `ktbench plan` prints can be asked about before anything has run.
void remember(const core::Plan& plan, const core::Store& store);

/// What was picked of a tuned cell, by the records that are stored.
std::vector<core::Pick> picks_of(const core::Plan& plan, const core::Store& store,
                                 const core::Cell& cell);

/// `picked  temperature = 2 on validation (top1 0.8123), of 3 values`, a line each.
void print_picks(const std::vector<core::Pick>& picks, const core::Cell& cell);

}  // namespace ktb::app
