#include "app/line/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string_view>

#include "app/line/known.hpp"
#include "app/line/line.hpp"
#include "core/base/output/escape.hpp"
#include "core/base/output/print.hpp"

namespace ktb::app {
namespace {

// Each asks the program itself, and names files where that knows no word.
constexpr auto kBash = R"(_ktbench() {
  local IFS=$'\n'
  COMPREPLY=($("$1" complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
  return 0
}
complete -o default -F _ktbench ktbench
)";

constexpr auto kZsh = R"(#compdef ktbench
_ktbench() {
  local line
  local -a values shown
  for line in "${(@f)$(${(Q)words[1]} complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    values+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/  -- }")
  done
  if (( $#values )); then compadd -l -d shown -- "${values[@]}"; else _files; fi
}
if [[ $funcstack[1] == _ktbench ]]; then _ktbench "$@"; else compdef _ktbench ktbench; fi
)";

constexpr auto kFish = R"(function __ktbench_words
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($before[1] complete fish $before[2..-1] (string unescape -- "$current"; or echo "$current") 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c ktbench -e
complete -c ktbench -f -a '(__ktbench_words)'
)";

struct Shell {
  const char* name;
  const char* script;
};
constexpr std::array kShells = {Shell{"bash", kBash}, Shell{"zsh", kZsh}, Shell{"fish", kFish}};

/// The positional that comes after so many words.
const CLI::Option* positional(const CLI::App& command, std::size_t words) {
  for (const auto* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const auto most = static_cast<std::size_t>(std::max(1, option->get_items_expected_max()));
    if (words < most) return option;
    words -= most;
  }
  return nullptr;
}

Candidates plain(const std::vector<std::string>& words) {
  Candidates all;
  for (const auto& word : words) all.push_back({word, ""});
  return all;
}

Candidates commands(const CLI::App& command) {
  Candidates all;
  for (const auto& name : commands_of(command))
    all.push_back({name, command.get_subcommand(name)->get_description()});
  return all;
}

/// What a value of this option may be; none: whatever the user likes, or a file.
Candidates values_of(const Line& line, const CLI::Option& option, const std::string& begin) {
  if (const auto choices = choices_of(option); !choices.empty()) return plain(choices);
  const std::string command = full_name(*line.command), name = option.get_positional()
                                                                   ? option.get_name()
                                                                   : option.get_name(false, false);
  if (name == "--profile") return known_profiles(line);
  if (name == "--table") return known_tables(line);
  if (name == "--filter") return known_cells(line);
  if (name == "suite" || name == "suites") return known_suites();
  if (name == "names") return known_plugins(line, command == "ktbench data" ? "dataset" : "");
  if (name == "command")
    return commands(*read_line(*line.command->get_parent(), line.words).command);
  if (name != "cell") return {};
  Candidates all = line.words.empty() ? known_suites() : known_cells(line);
  const auto trials = known_trials(line, begin);
  all.insert(all.end(), trials.begin(), trials.end());
  return all;
}

Candidates options(const CLI::App& command) {
  Candidates all;
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames())
      all.push_back({"--" + name, option->get_description()});
  return all;
}

/// `--device=c`: the value, and what stands before it in every candidate.
Candidates attached(const Line& line, const std::string& word, const CLI::Option& option) {
  const auto equals = word.find('=');
  Candidates all = values_of(line, option, word.substr(equals + 1));
  for (auto& one : all) one.text.insert(0, word.substr(0, equals + 1));
  return all;
}

/// What the last of the words could become.
Candidates candidates(CLI::App& root, std::vector<std::string> words) {
  const std::string begin = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  const Line line = read_line(root, words);
  Candidates all;
  if (line.open != nullptr) {
    all = values_of(line, *line.open, begin);
  } else if (begin.starts_with('-')) {
    const auto* option = begin.find('=') == begin.npos ? nullptr : option_of(*line.command, begin);
    all = option != nullptr ? attached(line, begin, *option) : options(*line.command);
  } else {
    if (line.words.empty()) all = commands(*line.command);
    if (const auto* option = positional(*line.command, line.words.size()))
      all = values_of(line, *option, begin);
  }
  std::erase_if(all, [&](const Candidate& one) { return !one.text.starts_with(begin); });
  return all;
}

/// A line of bash as far as the cursor, as bash itself takes it apart.
struct BashLine {
  std::vector<std::string> words = {""};  ///< without quotes
  char quote = 0;                         ///< that is open at the end
  std::size_t kept = 0;  ///< of the last word: bash leaves it and completes what stands behind

  explicit BashLine(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      std::string& word = words.back();
      if (quote != 0) {
        if (c == quote)
          quote = 0;
        else
          word += c;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '\\' && i + 1 < line.size()) {
        word += line[++i];
      } else if (c == ' ' || c == '\t') {
        if (!word.empty()) words.emplace_back();
        kept = 0;
      } else {
        word += c;
        if (std::string_view("=:@<>|&;(").find(c) != std::string_view::npos) kept = word.size();
      }
    }
    if (quote != 0) kept = 0;
  }
};

std::string bash_word(const std::string& text, char quote) {
  const bool bare = text.find_first_of(" \t\"'\\$&;|<>()*?`!#") == text.npos;
  return bare || quote != 0 ? text : "'" + text + "'";
}

void answer_bash(CLI::App& root, const std::string& text) {
  BashLine line(text);
  line.words.erase(line.words.begin());  // the program
  for (const auto& one : candidates(root, line.words))
    core::print("{}\n", core::one_line(bash_word(one.text.substr(line.kept), line.quote)));
}

void answer(CLI::App& root, const std::vector<std::string>& words) {
  for (const auto& one : candidates(root, words))
    core::print("{}{}{}\n", core::one_line(one.text), one.about.empty() ? "" : "\t",
                core::one_line(one.about));
}

}  // namespace

bool answer_completion(CLI::App& app, const std::vector<std::string>& words) {
  if (words.size() < 2 || words[0] != "complete") return false;
  if (words[1] == "bash")
    answer_bash(app, words.size() > 2 ? words[2] : "");
  else
    answer(app, {words.begin() + 2, words.end()});
  return true;
}

void add_completion(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "completion", "a script by which a shell completes commands, options and what they name");
  const auto shell = std::make_shared<std::string>();
  command.add_option("shell", *shell, "whose script")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command.callback([=, &action] {
    action = [=] {
      for (const auto& one : kShells)
        if (*shell == one.name) fmt::print("{}", one.script);
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace ktb::app
