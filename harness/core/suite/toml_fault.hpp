#pragma once
#include <string>
#include <vector>

namespace ktb::core {

/// What is wrong with a text that is no TOML, said to a person who does not know TOML by heart.
struct TomlFault {
  int line = 0, column = 0;
  std::string message, cure;  ///< no cure: none is known
};

/// `description` is the parser's, at this place of a file with these lines.
TomlFault explain_toml(const std::string& description, int line, int column,
                       const std::vector<std::string>& lines);

}  // namespace ktb::core
