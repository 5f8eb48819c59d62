#pragma once
#include <map>
#include <string>
#include <vector>

#include "sdk/files/picture_files.hpp"

// Font files for tests, written byte by byte.

namespace ktb::run {

inline std::uint32_t font_checksum(Bytes table) {
  table.resize((table.size() + 3) / 4 * 4);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < table.size(); ++i)
    sum += std::uint32_t{table[i]} << (24 - 8 * (i % 4));
  return sum;
}

/// A font file of these tables.
inline Bytes font_file(const std::map<std::string, Bytes>& tables) {
  Bytes file = {0, 1, 0, 0}, content;
  append(file, big_endian(tables.size(), 2));
  append(file, Bytes(6, 0));
  for (const auto& [tag, table] : tables) {
    file.insert(file.end(), tag.begin(), tag.end());
    append(file, big_endian(font_checksum(table), 4));
    append(file, big_endian(12 + 16 * tables.size() + content.size(), 4));
    append(file, big_endian(table.size(), 4));
    append(content, table);
    content.resize((content.size() + 3) / 4 * 4);
  }
  append(file, content);
  return file;
}

/// Glyphs 1, 2, ... of these characters.
inline Bytes cmap_table(const std::vector<std::uint32_t>& characters) {
  Bytes table = {0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0};
  append(table, big_endian(16 + 12 * characters.size(), 4));
  append(table, big_endian(0, 4));
  append(table, big_endian(characters.size(), 4));
  for (std::size_t i = 0; i < characters.size(); ++i)
    for (const std::uint64_t number :
         {std::uint64_t{characters[i]}, std::uint64_t{characters[i]}, std::uint64_t{i + 1}})
      append(table, big_endian(number, 4));
  return table;
}

/// A full box that stands on the line; no height: nothing.
struct Box {
  int width = 0, height = 0;
};

inline Bytes box_glyph(const Box& box) {
  if (box.height == 0) return {};
  Bytes glyph = {0, 1};
  for (const int number : {0, 0, box.width, box.height, 3, 0})  // extent, last point, no program
    append(glyph, big_endian(static_cast<std::uint64_t>(number), 2));
  append(glyph, {1, 1, 1, 1});  // points on the curve
  for (const int step : {0, box.width, 0, -box.width, 0, 0, box.height, 0})
    append(glyph, big_endian(static_cast<std::uint64_t>(step), 2));
  glyph.resize((glyph.size() + 3) / 4 * 4);
  return glyph;
}

inline Bytes name_table(const std::string& family) {
  Bytes table;
  for (const std::uint64_t number :
       {std::size_t{0}, std::size_t{1}, std::size_t{18}, std::size_t{3}, std::size_t{1},
        std::size_t{0x409}, std::size_t{1}, 2 * family.size(), std::size_t{0}})
    append(table, big_endian(number, 2));
  for (const char c : family) append(table, {0, static_cast<std::uint8_t>(c)});
  return table;
}

/// The tables of a font of boxes.
inline std::map<std::string, Bytes> box_tables(const std::string& family,
                                               const std::map<char, Box>& boxes) {
  Bytes glyf, loca = big_endian(0, 4);
  append(loca, big_endian(0, 4));  // glyph 0 is empty
  std::vector<std::uint32_t> characters;
  for (const auto& [character, box] : boxes) {
    append(glyf, box_glyph(box));
    append(loca, big_endian(glyf.size(), 4));
    characters.push_back(static_cast<unsigned char>(character));
  }
  const auto count = boxes.size() + 1;
  Bytes head(54, 0), hhea(36, 0), hmtx, maxp = {0, 0, 0x50, 0};
  for (std::size_t i = 0; i < count; ++i) append(hmtx, {1, 1, 0, 0});  // from where boxes start
  head[18] = 4;                                                        // 1024 units
  head[51] = 1;  // loca has numbers of four bytes
  hhea[35] = static_cast<std::uint8_t>(count);
  append(maxp, big_endian(count, 2));
  return {{"cmap", cmap_table(characters)},
          {"glyf", glyf},
          {"head", head},
          {"hhea", hhea},
          {"hmtx", hmtx},
          {"loca", loca},
          {"maxp", maxp},
          {"name", name_table(family)}};
}

/// The tables of a font whose glyphs are PNG files.
inline std::map<std::string, Bytes> picture_tables(const std::map<std::uint32_t, Bytes>& pictures) {
  std::vector<std::uint32_t> characters;
  Bytes cbdt = {0, 3, 0, 0}, offsets = big_endian(0, 4);
  for (const auto& [character, picture] : pictures) {
    characters.push_back(character);
    append(cbdt, Bytes(5, 7));  // its metrics
    append(cbdt, big_endian(picture.size(), 4));
    append(cbdt, picture);
    append(offsets, big_endian(cbdt.size() - 4, 4));
  }
  const auto last = pictures.size();
  Bytes cblc = {0, 3, 0, 0};
  append(cblc, big_endian(1, 4));   // one size of pictures
  append(cblc, big_endian(56, 4));  // its runs start behind the 48 bytes that tell of it
  append(cblc, big_endian(8 + 8 + offsets.size(), 4));
  append(cblc, big_endian(1, 4));  // one run
  append(cblc, Bytes(36, 0));
  for (const std::uint64_t number : {std::size_t{1}, last}) append(cblc, big_endian(number, 2));
  append(cblc, big_endian(8, 4));
  append(cblc, {0, 1, 0, 17});
  append(cblc, big_endian(4, 4));  // where the pictures start
  append(cblc, offsets);
  return {{"CBDT", cbdt}, {"CBLC", cblc}, {"cmap", cmap_table(characters)}};
}

}  // namespace ktb::run
