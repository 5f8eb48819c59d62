#pragma once
#include <string>
#include <string_view>

/// Names, labels, reasons, log lines: texts that anybody may have written, made fit for one format
/// each by what writes that format. None of them lets a control character through (`printable`).
namespace ktb::core {

/// Tabs and line ends are blanks.
std::string one_line(std::string_view text);

/// Words of a line or a cell: nothing in them is markup.
std::string markdown_text(std::string_view text);
/// A code span, in a cell of a table or outside.
std::string markdown_code(std::string_view text);
/// Sentences that mark code by backticks, as help texts do; else like `markdown_text`.
std::string markdown_prose(std::string_view text);
/// A block of lines as they are; ends in a line end.
std::string markdown_block(std::string_view text);

/// Words of a line or a cell; Greek, arrows, `±` and `≥` become TeX's (`with_tex_symbols`).
std::string latex_text(std::string_view text);
/// For `\label` and what refers to it.
std::string latex_key(std::string_view text);

/// Words between tags or in an attribute's quotes, of HTML and SVG alike.
std::string html_text(std::string_view text);
/// The same for what `pre` and `textarea` hold: lines stay lines.
std::string html_block(std::string_view text);

/// A field of RFC 4180, quoted where it must be. A text that a spreadsheet would take for a formula
/// has an apostrophe before it, which shows it as a text; numbers stay numbers.
std::string csv_field(std::string_view text);

/// Of a JSON text: control characters that JSON allows as they are become `\u007f` and the like.
std::string json_escaped(std::string_view json);

/// The text of a JSON value; bytes that are no UTF-8 become U+FFFD. `indent` -1: one line.
template <class Json>
std::string json_text(const Json& json, int indent = -1) {
  return json_escaped(json.dump(indent, ' ', false, Json::error_handler_t::replace));
}

}  // namespace ktb::core
