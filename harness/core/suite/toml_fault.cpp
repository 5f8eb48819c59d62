#include "core/suite/toml_fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <regex>

#include "core/suite/fields.hpp"

namespace ktb::core {
namespace {

struct Known {
  const char* told;  ///< part of the parser's description
  const char* message;
  const char* cure;
};

constexpr std::array kKnown = {
    Known{"unescaped control characters", "this text does not end on its line",
          "is its closing quote missing?"},
    Known{"could not determine value type", "this is no value",
          "a text stands in straight quotes: \"images\""},
    Known{"parsing boolean", "this is neither true nor false", "both are written in small letters"},
    Known{"parsing array: expected comma", "a list is not closed before this",
          "a `]` is missing, or a `,` between two values"},
    Known{"dangling comma", "a table in braces has no comma before its `}`", "take the comma out"},
    Known{"parsing inline table: expected key", "a table in braces ends on its line",
          "close it with `}`, or write a [header] and each key on a line of its own"},
    Known{"expected '='", "a key wants a `=` behind it", "write key = value; no key has a blank"},
    Known{"expected value", "nothing stands behind the `=`", "write key = value"},
    Known{"table header: expected ']'", "this header is not closed", "a `]` is missing"},
    Known{"integer: expected digit", "this is no number",
          "a text stands in quotes, and 10 % is 0.1"},
    Known{"leading zeroes", "a number does not begin with 0", "3, not 03; a text stands in quotes"},
    Known{"expected decimal digit, saw '.'", "a number does not begin with a point", "0.1, not .1"},
    Known{"unknown escape sequence", "a backslash means something in a text in double quotes",
          "take single quotes: 'C:\\data'"},
    Known{"expected a comment or whitespace", "something is left over behind the value",
          "is there a quote too many, or one missing?"},
};

/// The first line before `end` that is `key = ...` or `[key...`; 0: none.
int line_of(const std::string& key, int end, const std::vector<std::string>& lines) {
  const std::regex begins(fmt::format(R"(^\s*(\[+\s*{0}[\s.\]]|{0}\s*[=.]).*)", key));
  for (int i = 1; i < end && i <= static_cast<int>(lines.size()); ++i)
    if (std::regex_match(lines[static_cast<std::size_t>(i) - 1], begins)) return i;
  return 0;
}

/// Of a name that has two meanings: which one the user wants.
std::string cure_of_two(const std::string& first, const std::string& name, bool header) {
  const auto& top = top_level_keys();
  const auto at_top = [&](const std::string& key) { return std::ranges::count(top, key) > 0; };
  if (first == "when") return "a rule is a list entry: write [[when]] with two brackets";
  if (header && at_top(first) && first.ends_with('s') && name.size() > first.size())
    return fmt::format("`{}` lists; what defines is [{}{}]", first,
                       first.substr(0, first.size() - 1), name.substr(first.size()));
  if (at_top(first + "s"))
    return fmt::format("[{}.NAME] defines; the key that lists is `{}s`", first, first);
  return "take one of the two out";
}

/// `cannot redefine existing array 'methods.warm' as table`, which the parser sees one line late.
TomlFault twice(const std::string& description, TomlFault fault, const std::string& name,
                const std::vector<std::string>& lines) {
  const bool header = description.find("table header") != std::string::npos;
  const auto text = [&](int line) { return lines[static_cast<std::size_t>(line) - 1]; };
  while (header && fault.line > 1 && fault.line <= static_cast<int>(lines.size()) &&
         !text(fault.line).starts_with('['))
    --fault.line;
  if (header || !lines.empty()) fault.column = 1;
  const std::string first = name.substr(0, name.find('.')), last = name.substr(name.rfind('.') + 1);
  const int before = line_of(header ? first : last, fault.line, lines);
  const bool whole = description.find(" as ") == std::string::npos;
  fault.message = fmt::format("`{}` stands in this file {}{}", whole ? name : first,
                              whole ? "already" : "as something else already",
                              before > 0 ? fmt::format(", line {}", before) : "");
  fault.cure = cure_of_two(first, name, header);
  return fault;
}

}  // namespace

TomlFault explain_toml(const std::string& description, int line, int column,
                       const std::vector<std::string>& lines) {
  TomlFault fault{line, column, "", ""};
  static const std::regex kTwice("cannot redefine existing [a-z -]+ '([A-Za-z0-9_.-]+)'.*");
  const auto at = description.find("cannot redefine");
  std::smatch parts;
  const std::string tail = at == std::string::npos ? "" : description.substr(at);
  if (std::regex_match(tail, parts, kTwice)) return twice(description, fault, parts[1], lines);
  for (const auto& known : kKnown) {
    if (description.find(known.told) == std::string::npos) continue;
    fault.message = fmt::format("not TOML: {}", known.message);
    fault.cure = known.cure;
    return fault;
  }
  fault.message = fmt::format("not TOML: {}", description);
  return fault;
}

}  // namespace ktb::core
