#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "core/store/comparison.hpp"

namespace ktb::app {

/// --tolerance: how far apart two numbers may be that count as equal.
void add_tolerance(CLI::App& command, double& tolerance);

/// What differs between two runs of a trial, a line each, and in what the runs themselves differ.
/// `more`: further lines of what may explain it.
void print_differences(const core::Comparison& comparison, const std::string& more = "");

}  // namespace ktb::app
