#include "app/line/fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/line/line.hpp"
#include "core/base/suggest.hpp"

namespace ktb::app {
namespace {

/// Commands that have an option which another one has not: `--jobs` of `run`.
std::vector<std::string> commands_with(CLI::App& root, const std::string& option) {
  std::vector<std::string> names;
  for (const auto& name : commands_of(root))
    if (option_of(*root.get_subcommand(name), option) != nullptr) names.push_back(name);
  return names;
}

std::string unknown_option(CLI::App& root, const Line& line) {
  const std::string word = line.unknown.substr(0, line.unknown.find('='));
  const std::string near = core::did_you_mean(word, options_of(*line.command));
  std::string text =
      fmt::format("error: {} has no option `{}`{}", full_name(*line.command), word, near);
  if (const auto others = commands_with(root, word); near.empty() && !others.empty())
    text += fmt::format("; it belongs to {}{}", fmt::join(others, ", "),
                        line.command == &root ? ", and stands behind that word" : "");
  return text;
}

std::string unknown_command(const Line& line) {
  const auto known = commands_of(*line.command);
  return fmt::format("error: {} has no command `{}`{}\n  commands: {}", full_name(*line.command),
                     line.unknown, core::did_you_mean(line.unknown, known), fmt::join(known, ", "));
}

/// CLI11 names the value and `{cpu,cuda,mock}`: the nearest of these.
std::string near_choice(const std::string& what) {
  const auto open = what.find('{'), close = what.find('}', open), colon = what.find(": ");
  const auto end = what.find(" not in ");
  if (close == what.npos || end == what.npos || colon == what.npos || colon > end) return "";
  std::vector<std::string> known;
  for (auto at = open; at < close;) {
    const auto next = std::min(what.find(',', at + 1), close);
    known.push_back(what.substr(at + 1, next - at - 1));
    at = next;
  }
  return core::did_you_mean(what.substr(colon + 2, end - colon - 2), known);
}

}  // namespace

std::string fault_of(CLI::App& root, const std::vector<std::string>& words,
                     const CLI::ParseError& error) {
  const Line line = read_line(root, words);
  const std::string help =
      fmt::format("\n`{} --help` says how it is called.\n", full_name(*line.command));
  if (line.unknown.starts_with('-')) return unknown_option(root, line) + help;
  if (!line.unknown.empty()) return unknown_command(line) + help;
  if (const auto known = commands_of(*line.command); !known.empty() && line.words.empty())
    return fmt::format("error: {} wants one of its commands: {}", full_name(*line.command),
                       fmt::join(known, ", ")) +
           help;
  const std::string what = error.what();
  return fmt::format("error: {}{}", what, near_choice(what)) + help;
}

}  // namespace ktb::app
