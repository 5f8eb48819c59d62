#include "sdk/files/font_tables.hpp"

#include <utility>

namespace ktb {
namespace {

constexpr std::size_t kMostTables = 128;  ///< of a font; there are about 60 kinds

/// The sum of the big-endian words; behind its end a table continues with zeros.
std::uint32_t checksum(const Bytes& bytes, std::size_t at, std::size_t length) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < length; ++i)
    sum += std::uint32_t{bytes[at + i]} << (24 - 8 * (i % 4));
  return sum;
}

}  // namespace

void FontTable::refuse(std::size_t at, const std::string& what) const {
  throw Error(name_ + ", byte " + std::to_string(at) + ": " + what +
              "; the font is damaged: get the file again");
}

std::size_t FontTable::place(std::size_t at, std::size_t length) const {
  if (at > length_ || length > length_ - at)
    refuse(at, "expected " + std::to_string(length) + " bytes, the table ends after " +
                   std::to_string(length_));
  return at_ + at;
}

std::uint32_t FontTable::read(std::size_t at, std::size_t length) const {
  const auto start = place(at, length);
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < length; ++i) value = value << 8 | (*bytes_)[start + i];
  return value;
}

std::map<std::string, FontTable> font_tables(const Bytes& bytes, const std::string& name) {
  const FontTable file(bytes, 0, bytes.size(), name);
  const auto magic = bytes.size() < 12 ? 0 : file.u32(0);
  if (magic != 0x00010000 && magic != 0x74727565)  // the second is "true", of old Macintosh fonts
    throw Error(name + " is no TrueType font: its first four bytes should be 0 1 0 0");
  if (file.u16(4) > kMostTables)
    file.refuse(4,
                std::to_string(file.u16(4)) + " tables, more than " + std::to_string(kMostTables));
  std::map<std::string, FontTable> tables;
  for (std::size_t i = 0, at = 12; i < file.u16(4); ++i, at += 16) {
    const auto start = file.place(at, 16);
    const std::string tag(bytes.begin() + static_cast<std::ptrdiff_t>(start),
                          bytes.begin() + static_cast<std::ptrdiff_t>(start + 4));
    const std::size_t offset = file.u32(at + 8), length = file.u32(at + 12);
    const FontTable table(bytes, file.place(offset, length), length, name + ", table " + tag);
    auto sum = checksum(bytes, offset, length);
    if (tag == "head") sum -= table.u32(8);  // the adjustment for the whole file is left out
    if (sum != file.u32(at + 4)) table.refuse(0, "the table's checksum is wrong");
    tables.emplace(tag, table);
  }
  return tables;
}

const FontTable& font_table(const std::map<std::string, FontTable>& tables, const std::string& tag,
                            const std::string& name) {
  const auto found = tables.find(tag);
  if (found == tables.end())
    throw Error(name + " has no table " + tag + ": it is not the kind of font expected here");
  return found->second;
}

}  // namespace ktb
