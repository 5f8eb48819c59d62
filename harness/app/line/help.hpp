#pragma once
#include <CLI/CLI.hpp>

#include "app/command.hpp"

namespace ktb::app {

/// `help [COMMAND...]`: the same as `COMMAND --help`.
void add_help(CLI::App& app, Action& action);

/// Puts examples under the help of every command; called when all of them are there.
void add_examples(CLI::App& app);

}  // namespace ktb::app
