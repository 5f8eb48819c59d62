#include "app/line/line.hpp"

#include <sstream>

namespace ktb::app {
namespace {

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

CLI::App* command_named(const CLI::App& command, const std::string& word) {
  for (auto* sub : const_cast<CLI::App&>(command).get_subcommands({}))
    if (sub->check_name(word)) return sub;
  return nullptr;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

}  // namespace

const CLI::Option* option_of(CLI::App& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  if (const auto* option = command.get_option_no_throw(name)) return option;
  const bool is_short = name.size() > 2 && name[1] != '-';
  return is_short ? command.get_option_no_throw(name.substr(0, 2)) : nullptr;
}

Line read_line(CLI::App& root, const std::vector<std::string>& words) {
  Line line;
  line.command = &root;
  std::string name;  // of the open option
  bool only_words = false;
  for (const auto& word : words) {
    if (line.open != nullptr) {
      line.given[name] = word;
      line.open = nullptr;
    } else if (word == "--") {
      only_words = true;
    } else if (is_option(word) && !only_words) {
      const auto* option = option_of(*line.command, word);
      if (option == nullptr && line.unknown.empty()) line.unknown = word;
      const bool alone = word.find('=') == word.npos && (word.size() == 2 || word[1] == '-');
      name = word.substr(0, word.find('='));
      if (option != nullptr && takes_value(*option) && alone) line.open = option;
      if (!alone && word.find('=') != word.npos) line.given[name] = word.substr(name.size() + 1);
    } else if (CLI::App* sub = line.words.empty() ? command_named(*line.command, word) : nullptr) {
      line.command = sub;
    } else {
      const bool wants_command = !commands_of(*line.command).empty();
      if (wants_command && line.unknown.empty()) line.unknown = word;
      line.words.push_back(word);
    }
  }
  return line;
}

std::string full_name(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();  // TEXT:{cpu,cuda}
  const auto open = type.find('{'), close = type.find('}');
  if (open == type.npos || close == type.npos) return {};
  std::vector<std::string> choices;
  std::istringstream parts(type.substr(open + 1, close - open - 1));
  for (std::string part; std::getline(parts, part, ',');) choices.push_back(part);
  return choices;
}

std::vector<std::string> commands_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* sub : command.get_subcommands({}))
    if (!sub->get_group().empty()) names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    for (const auto& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

}  // namespace ktb::app
