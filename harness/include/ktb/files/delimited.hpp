#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ktb/files.hpp"

namespace ktb {

/// One row of a table in a text file.
struct Row {
  std::int64_t line = 0;  ///< where it begins, from 1
  std::vector<std::string> fields;
};

/// The bytes as a text, without a byte order mark. Throws Error that names the line of the first
/// byte which is no UTF-8.
KTB_API std::string text_of(const Bytes& bytes, const std::string& name);

/// Fields between tabs, a row a line, but for empty lines at the end; quotes mean nothing. Throws
/// Error with `name` and line where the file is no UTF-8 or a row has not `columns` fields.
KTB_API std::vector<Row> read_tsv(const Bytes& bytes, const std::string& name, std::size_t columns);
/// Fields between commas, quoted or not, as RFC 4180 has them; a quoted field may hold line breaks,
/// and `""` in it is a quote. Throws Error likewise, and where a quoted field has no end.
KTB_API std::vector<Row> read_csv(const Bytes& bytes, const std::string& name, std::size_t columns);

}  // namespace ktb
