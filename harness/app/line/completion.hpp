#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "app/command.hpp"

namespace ktb::app {

/// `completion SHELL`, which prints a script for a shell; it asks `ktbench complete SHELL ...`.
void add_completion(CLI::App& app, Action& action);

/// Answers such a question: `complete zsh|fish WORD...`, the words behind the program's name up to
/// the cursor, or `complete bash LINE`, the line up to there. Prints what the last word could
/// become, a line each, in zsh and fish with what it is behind a tab. False: it is no question.
bool answer_completion(CLI::App& app, const std::vector<std::string>& words);

}  // namespace ktb::app
