#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/rerun.hpp"
#include "app/session.hpp"
#include "core/store/record.hpp"
#include "core/store/store.hpp"

namespace ktb::app {

/// `SUITE kd "r56 -> r20"`, or a trial's id alone.
struct CellChoice {
  Choice choice;
  std::vector<std::string> words;
  std::optional<std::uint64_t> seed;
  RerunOptions again;

  void add_to(CLI::App& command);
};

/// Takes the suite off the words. For a trial's id alone: the suite whose last plan has it.
void settle(CellChoice& cell);

/// The one cell that the words name, and the sample of the seed; throw core::Error.
const core::Cell& only_cell(const core::Plan& plan, const CellChoice& choice);
const core::Sample& sample_of(const core::Cell& cell, const CellChoice& choice);

/// A trial whose target can be used by itself.
struct Finished {
  core::Cell cell;
  std::uint64_t seed = 0;
  core::TrialFolder folder;
  core::TrialSpec spec;
  core::Record record;
};

/// The trial that the words name. Throws core::Error, with the cure, where it has no result, its
/// weights were not kept or are harmed, or they are not all that predicts.
Finished finished(const core::Store& store, const core::Plan& plan, const CellChoice& choice);

}  // namespace ktb::app
