#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "ktb/files.hpp"

namespace ktb {

/// One table of an OpenType file, read big-endian.
/// Reading outside it throws Error with file, table and byte.
class FontTable {
 public:
  FontTable(const Bytes& bytes, std::size_t at, std::size_t length, std::string name)
      : bytes_(&bytes), at_(at), length_(length), name_(std::move(name)) {}

  std::size_t length() const { return length_; }
  /// In the file, of `length` bytes at `at`.
  std::size_t place(std::size_t at, std::size_t length) const;
  std::uint16_t u16(std::size_t at) const { return static_cast<std::uint16_t>(read(at, 2)); }
  std::uint32_t u32(std::size_t at) const { return read(at, 4); }
  [[noreturn]] void refuse(std::size_t at, const std::string& what) const;

 private:
  std::uint32_t read(std::size_t at, std::size_t length) const;

  const Bytes* bytes_;
  std::size_t at_, length_;
  std::string name_;
};

/// All tables by tag, each inside the file and with the checksum that the file promises.
std::map<std::string, FontTable> font_tables(const Bytes& bytes, const std::string& name);
/// Throws Error where it is not there.
const FontTable& font_table(const std::map<std::string, FontTable>& tables, const std::string& tag,
                            const std::string& name);

}  // namespace ktb
