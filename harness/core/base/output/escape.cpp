#include "core/base/output/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "core/base/output/tex_symbols.hpp"
#include "core/base/unicode.hpp"

namespace ktb::core {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Of backticks: what encloses a text must have more.
std::size_t longest_run(std::string_view text) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  return longest;
}

/// All of it, with its sign.
bool is_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

bool is_formula(std::string_view text) {
  return !text.empty() && is_one_of(text.front(), "=+-@\t\r\n") && !is_number(text);
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line = printable(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

std::string markdown_text(std::string_view text) {
  const std::string line = one_line(text);
  std::string result;
  for (std::size_t i = 0; i < line.size(); ++i) {
    // Inside a word it is no markup, and names are full of it.
    const bool inner = line[i] == '_' && i > 0 && i + 1 < line.size() && is_plain(line[i - 1]) &&
                       is_plain(line[i + 1]);
    if (!inner && is_one_of(line[i], "\\|*_`<>[]#&~$")) result += '\\';
    result += line[i];
  }
  return result;
}

std::string markdown_code(std::string_view text) {
  std::string code;
  std::size_t backslashes = 0;
  for (const char c : one_line(text)) {
    // Cells are told apart before code is: a bar takes a backslash of its own even here.
    if (c == '|') code += backslashes % 2 == 0 ? "\\" : "\\\\";
    code += c;
    backslashes = c == '\\' ? backslashes + 1 : 0;
  }
  if (code.empty()) return "";
  const std::string fence(longest_run(code) + 1, '`');
  const bool inner = code.front() == '`' || code.back() == '`';  // would join the fence
  return fence + (inner ? " " : "") + code + (inner ? " " : "") + fence;
}

std::string markdown_prose(std::string_view text) {
  std::string result;
  while (true) {
    const auto open = text.find('`');
    const auto close = open == std::string_view::npos ? open : text.find('`', open + 1);
    if (close == std::string_view::npos) return result + markdown_text(text);
    result += markdown_text(text.substr(0, open));
    result += markdown_code(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

std::string markdown_block(std::string_view text) {
  const std::string block = printable(text);
  const std::string fence(std::max<std::size_t>(3, longest_run(block) + 1), '`');
  return fmt::format("{}text\n{}\n{}\n", fence, block, fence);
}

std::string latex_text(std::string_view text) {
  // A star and a bracket belong to the command before them, were it `\\`.
  static const std::map<char, std::string> kSpecial{{'\\', "\\textbackslash{}"},
                                                    {'{', "\\{"},
                                                    {'}', "\\}"},
                                                    {'$', "\\$"},
                                                    {'&', "\\&"},
                                                    {'#', "\\#"},
                                                    {'%', "\\%"},
                                                    {'_', "\\_"},
                                                    {'~', "\\textasciitilde{}"},
                                                    {'^', "\\textasciicircum{}"},
                                                    {'<', "\\textless{}"},
                                                    {'>', "\\textgreater{}"},
                                                    {'|', "\\textbar{}"},
                                                    {'*', "{*}"},
                                                    {'[', "{[}"}};
  std::string result;
  for (const char c : replaced(one_line(text), "->", "→")) {
    const auto special = kSpecial.find(c);
    result += special == kSpecial.end() ? std::string(1, c) : special->second;
  }
  return with_tex_symbols(result);
}

std::string latex_key(std::string_view text) {
  std::string key(text);
  std::replace_if(
      key.begin(), key.end(), [](char c) { return !is_plain(c) && !is_one_of(c, "-_.:"); }, '-');
  return key;
}

std::string html_block(std::string_view text) {
  static const std::map<char, std::string> kSpecial{
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
  std::string result;
  for (const char c : printable(text)) {
    const auto special = kSpecial.find(c);
    result += special == kSpecial.end() ? std::string(1, c) : special->second;
  }
  return result;
}

std::string html_text(std::string_view text) { return html_block(one_line(text)); }

std::string csv_field(std::string_view text) {
  std::string field = printable(text);
  if (is_formula(text) || is_formula(field)) field.insert(0, "'");
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  return '"' + replaced(std::move(field), "\"", "\"\"") + '"';
}

std::string json_escaped(std::string_view json) {
  std::string text;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const bool c1 = json[i] == '\xC2' && i + 1 < json.size() &&
                    (static_cast<unsigned char>(json[i + 1]) & 0xE0U) == 0x80;
    if (c1 || json[i] == '\x7F')
      text += fmt::format("\\u{:04x}", static_cast<unsigned char>(json[c1 ? ++i : i]));
    else
      text += json[i];
  }
  return text;
}

}  // namespace ktb::core
