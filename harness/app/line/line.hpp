#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace ktb::app {

/// A command line as far as it was typed: where in the tree of commands it stands. Completion and
/// the nearest word read it alike.
struct Line {
  CLI::App* command = nullptr;               ///< the innermost one that was named
  std::vector<std::string> words;            ///< its positionals
  std::map<std::string, std::string> given;  ///< of its options that take one: --results -> folder
  const CLI::Option* open = nullptr;         ///< the option whose value comes next
  std::string unknown;                       ///< the first word that is no command or no option
};

Line read_line(CLI::App& root, const std::vector<std::string>& words);

/// The option of a command that a word is or begins, `--set=x` and `-j4` too; null: there is none.
const CLI::Option* option_of(CLI::App& command, const std::string& word);

/// `ktbench plugin new`
std::string full_name(const CLI::App& command);

/// Of an option or a positional that takes one of several words.
std::vector<std::string> choices_of(const CLI::Option& option);

/// The names of the commands below this one that help lists.
std::vector<std::string> commands_of(const CLI::App& command);
/// `--profile`, `--set`, ... and short ones.
std::vector<std::string> options_of(const CLI::App& command);

}  // namespace ktb::app
