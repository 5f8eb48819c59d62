#pragma once
#include "app/cell/subject.hpp"
#include "core/store/record.hpp"
#include "core/store/store.hpp"

namespace ktb::app {

/// A trial whose target can be used by itself.
struct Finished {
  Subject subject;
  core::TrialFolder folder;
  core::TrialSpec spec;
  core::Record record;
};

/// The trial that the words name, of a tuned cell the picked value's. Throws core::Error with the
/// cure: it has no result, its weights were not kept or are harmed, or not they alone predict.
Finished finished(const core::Plan& plan, const core::Store& store, const CellChoice& words);

}  // namespace ktb::app
