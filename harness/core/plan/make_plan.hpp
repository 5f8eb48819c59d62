#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/version.hpp"
#include "core/plan/catalogue.hpp"
#include "core/plan/plan.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

struct PlanOptions {
  std::string device = "cpu";
  bool smoke = false;  ///< a few steps and one evaluation of every cell
  /// Keeps cells of which any axis value or `method pair` matches one of these globs,
  /// and what they need.
  std::vector<std::string> filters;
  std::string build{build_hash()}, torch{torch_version()};  ///< what makes the numbers
  std::int64_t smoke_steps = 2;
};

/// Throws SuiteError. Plugins and data that are missing end up in `Plan::missing`;
/// their cells stay.
Plan make_plan(const Suite& suite, Catalogue& catalogue, const PlanOptions& options);

}  // namespace ktb::core
