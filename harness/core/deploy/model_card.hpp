#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/deploy/ecosystem.hpp"
#include "core/plan/describe.hpp"
#include "core/plan/plan.hpp"
#include "core/store/confusion.hpp"
#include "core/store/record.hpp"

namespace ktb::core {

/// All that a model card is made of.
struct CardInput {
  const Plan& plan;
  std::string title;  ///< of the cell, in the suite's words
  const TrialSpec& spec;
  const Record& record;
  std::vector<const Record*> seeds;    ///< of all seeds of the cell that have a result
  std::optional<TaskAnswer> task;      ///< none: not known without the data
  std::optional<Confusion> confusion;  ///< for the names of classes
  Ecosystem ecosystem;
  std::string file, digest;  ///< of the weights: name, SHA-256
};

/// Markdown: what the network is, how well it does, how it was trained and is loaded, and under
/// which licence its data are.
std::string model_card(const CardInput& input);

}  // namespace ktb::core
