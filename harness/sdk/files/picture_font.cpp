#include <algorithm>

#include "ktb/files/font.hpp"
#include "sdk/files/font_tables.hpp"

// Microsoft's OpenType specification: chapters cmap, CBLC, CBDT.

namespace ktb {
namespace {

/// Glyph number by character, of the full Unicode subtable.
std::map<char32_t, std::uint32_t> glyphs_by_character(const FontTable& cmap) {
  for (std::size_t i = 0, record = 4; i < cmap.u16(2); ++i, record += 8) {
    const std::size_t at = cmap.u32(record + 4);
    if (cmap.u16(record) != 3 || cmap.u16(record + 2) != 10 || cmap.u16(at) != 12) continue;
    std::map<char32_t, std::uint32_t> glyphs;
    std::uint32_t next = 0;
    for (std::size_t g = 0, group = at + 16; g < cmap.u32(at + 12); ++g, group += 12) {
      const auto first = cmap.u32(group), last = cmap.u32(group + 4), glyph = cmap.u32(group + 8);
      if (first < next || last < first || last > 0x10FFFF)
        cmap.refuse(group, "characters in the wrong order");
      for (auto c = first; c <= last; ++c) glyphs[c] = glyph + (c - first);
      next = last + 1;
    }
    return glyphs;
  }
  cmap.refuse(0, "no subtable of platform 3, encoding 10 and format 12");
}

/// Where in the file the PNG of each glyph is. The first strike is taken.
class Strike {
 public:
  Strike(const FontTable& cblc, const FontTable& cbdt) : cblc_(cblc), cbdt_(cbdt) {
    if (cblc.u32(4) == 0) cblc.refuse(4, "expected a size of pictures, found none");
    const std::size_t array = cblc.u32(8), count = cblc.u32(16);
    std::uint32_t next = 0;
    for (std::size_t i = 0, at = array; i < count; ++i, at += 8) {
      const std::uint32_t first = cblc.u16(at), last = cblc.u16(at + 2);
      if (first < next || last < first) cblc.refuse(at, "glyphs in the wrong order");
      add_run(first, last, array + cblc.u32(at + 4));
      next = last + 1;
    }
  }

  std::pair<std::size_t, std::size_t> png(std::uint32_t glyph) const {
    const auto found = pngs_.find(glyph);
    return found == pngs_.end() ? std::pair<std::size_t, std::size_t>{} : found->second;
  }

 private:
  /// Glyphs that follow each other, and whose pictures do.
  void add_run(std::uint32_t first, std::uint32_t last, std::size_t at) {
    if (cblc_.u16(at) != 1 || cblc_.u16(at + 2) != 17)
      cblc_.refuse(at, "expected index format 1 and image format 17, found " +
                           std::to_string(cblc_.u16(at)) + " and " +
                           std::to_string(cblc_.u16(at + 2)));
    const std::size_t data = cblc_.u32(at + 4);
    for (auto glyph = first; glyph <= last; ++glyph) {
      const auto offset = at + 8 + 4 * std::size_t{glyph - first};
      if (cblc_.u32(offset) == cblc_.u32(offset + 4)) continue;  // no picture
      constexpr std::size_t kMetrics = 5;
      const auto picture = data + cblc_.u32(offset) + kMetrics;
      const std::size_t length = cbdt_.u32(picture);
      pngs_[glyph] = {cbdt_.place(picture + 4, length), length};
    }
  }

  const FontTable &cblc_, &cbdt_;
  std::map<std::uint32_t, std::pair<std::size_t, std::size_t>> pngs_;
};

}  // namespace

PictureFont::PictureFont(Bytes bytes, const std::string& name) : bytes_(std::move(bytes)) {
  const auto tables = font_tables(bytes_, name);
  const Strike strike(font_table(tables, "CBLC", name), font_table(tables, "CBDT", name));
  for (const auto& [character, glyph] : glyphs_by_character(font_table(tables, "cmap", name))) {
    const auto [at, length] = strike.png(glyph);
    if (length > 0) pictures_[character] = {at, length};
  }
}

Bytes PictureFont::picture(char32_t character) const {
  const auto found = pictures_.find(character);
  if (found == pictures_.end()) return {};
  const auto start = bytes_.begin() + static_cast<std::ptrdiff_t>(found->second.at);
  return {start, start + static_cast<std::ptrdiff_t>(found->second.length)};
}

}  // namespace ktb
