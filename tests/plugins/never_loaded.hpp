#pragma once
#include <cstdlib>

#include "ktb/plugin.hpp"

/// A library that must not be loaded ends whoever loads it.
[[maybe_unused]] static const bool kLoaded = (std::abort(), true);

class NeverLoaded final : public ktb::Method {
 public:
  explicit NeverLoaded(ktb::Options&) {}
  ktb::Terms losses(ktb::Step& step) override { return {{"task", step.task_loss()}}; }
};
