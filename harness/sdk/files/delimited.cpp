#include "ktb/files/delimited.hpp"

#include <algorithm>

#include "ktb/files/unicode.hpp"

namespace ktb {
namespace {

/// What Windows programs put before a text of UTF-8; it is no part of the first field.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The text without the empty lines at its end, which are no rows.
std::string rows_of(const Bytes& bytes, const std::string& name) {
  auto text = text_of(bytes, name);
  const auto last = text.find_last_not_of("\r\n");
  if (last == std::string::npos) return {};
  if (const auto end = text.find('\n', last); end != std::string::npos) text.resize(end + 1);
  return text;
}

std::string at_line(const std::string& name, std::int64_t line) {
  return name + ", line " + std::to_string(line) + ": ";
}

void check_encoding(std::string_view row, const std::string& name, std::int64_t line) try {
  const bool ascii = std::all_of(row.begin(), row.end(),
                                 [](char byte) { return static_cast<signed char>(byte) >= 0; });
  if (!ascii) points_of(row);
} catch (const Error& error) {
  throw Error(at_line(name, line) + error.what() +
              "; the file must be UTF-8, as the official one is");
}

void check_columns(const Row& row, const std::string& name, std::size_t columns) {
  if (row.fields.size() == columns) return;
  throw Error(at_line(name, row.line) + "expected " + std::to_string(columns) + " fields, found " +
              std::to_string(row.fields.size()) + "; the line is damaged or cut off");
}

/// Reads one field of a CSV file and what ends it.
class CsvReader {
 public:
  CsvReader(std::string text, const std::string& name) : text_(std::move(text)), name_(name) {}

  bool done() const { return at_ == text_.size(); }

  Row row() {
    Row row{line_, {}};
    do row.fields.push_back(field(row.line));
    while (took(','));
    took('\r');
    if (!took('\n') && !done())
      throw Error(at_line(name_, line_) + "expected a comma or the line's end after the field");
    ++line_;
    return row;
  }

 private:
  bool took(char wanted) {
    const bool here = !done() && text_[at_] == wanted;
    if (here) ++at_;
    return here;
  }

  std::string field(std::int64_t row_line) {
    if (took('"')) return quoted(row_line);
    const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    auto found = text_.substr(at_, end - at_);
    at_ = end;
    return found;
  }

  std::string quoted(std::int64_t row_line) {
    std::string found;
    do {
      const auto end = text_.find('"', at_);
      if (end == std::string::npos) {
        throw Error(at_line(name_, row_line) +
                    "a quoted field has no end: the file is cut off, or a quote is not doubled");
      }
      found.append(text_, at_, end - at_ + 1);  // with the quote, if it is doubled
      at_ = end + 1;
    } while (took('"'));
    found.pop_back();
    line_ += std::count(found.begin(), found.end(), '\n');
    return found;
  }

  std::string text_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace

std::string text_of(const Bytes& bytes, const std::string& name) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const std::string_view mark : {"\xFF\xFE", "\xFE\xFF"})
    if (all.starts_with(mark))
      throw Error(at_line(name, 1) + "the file is UTF-16; it must be UTF-8: save it again as such");
  std::string text(all.starts_with(kByteOrderMark) ? all.substr(kByteOrderMark.size()) : all);
  std::int64_t line = 1;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const auto end = std::min(text.find('\n', at), text.size());
    check_encoding(std::string_view(text).substr(at, end - at), name, line);
    at = end + 1;
  }
  return text;
}

std::vector<Row> read_tsv(const Bytes& bytes, const std::string& name, std::size_t columns) {
  const auto text = rows_of(bytes, name);
  std::vector<Row> rows;
  for (std::size_t at = 0; at < text.size();) {
    Row row{static_cast<std::int64_t>(rows.size() + 1), {}};
    const auto end = std::min(text.find('\n', at), text.size());
    const auto last = end > at && text[end - 1] == '\r' ? end - 1 : end;
    while (true) {
      const auto stop = std::min(text.find('\t', at), last);
      row.fields.push_back(text.substr(at, stop - at));
      if (stop == last) break;
      at = stop + 1;
    }
    check_columns(row, name, columns);
    rows.push_back(std::move(row));
    at = end + 1;
  }
  return rows;
}

std::vector<Row> read_csv(const Bytes& bytes, const std::string& name, std::size_t columns) {
  CsvReader reader(rows_of(bytes, name), name);
  std::vector<Row> rows;
  while (!reader.done()) {
    rows.push_back(reader.row());
    check_columns(rows.back(), name, columns);
  }
  return rows;
}

}  // namespace ktb
