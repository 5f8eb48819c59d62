#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "ktb/files/font.hpp"
#include "sdk/files/font_tables.hpp"

#define STB_TRUETYPE_IMPLEMENTATION
#define STBTT_STATIC
#include <stb/stb_truetype.h>

namespace ktb {
namespace {

constexpr std::string_view kLettersAndDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::int64_t kMargin = 1;  ///< empty pixels on each side

/// stb_truetype trusts what it reads, so outlines must lie inside their table.
void check_outlines(const std::map<std::string, FontTable>& tables, const std::string& name) {
  const auto& loca = font_table(tables, "loca", name);
  const auto& glyf = font_table(tables, "glyf", name);
  const bool wide = font_table(tables, "head", name).u16(50) != 0;
  const std::size_t count = font_table(tables, "maxp", name).u16(4);
  for (std::size_t i = 0; i <= count; ++i) {
    const std::size_t end = wide ? loca.u32(4 * i) : std::size_t{2} * loca.u16(2 * i);
    if (end > glyf.length()) loca.refuse((wide ? 4 : 2) * i, "a glyph ends behind the table glyf");
  }
}

}  // namespace

struct OutlineFont::Face {
  Face(Bytes content, const std::string& name) : bytes(std::move(content)) {
    check_outlines(font_tables(bytes, name), name);
    if (stbtt_InitFont(&info, bytes.data(), 0) == 0)
      throw Error(name + " has no table of characters that can be read here");
    for (const char c : kLettersAndDigits) {
      int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
      if (stbtt_GetCodepointBox(&info, c, &x0, &y0, &x1, &y1) == 0) continue;
      bottom = std::min(bottom, y0);
      top = std::max(top, y1);
    }
  }

  Bytes bytes;
  stbtt_fontinfo info{};
  int bottom = 0, top = 1;  ///< of letters and digits, in the font's units, from the line on
};

OutlineFont::OutlineFont(Bytes bytes, const std::string& name)
    : face_(std::make_unique<Face>(std::move(bytes), name)) {}
OutlineFont::~OutlineFont() = default;

std::string OutlineFont::family() const {
  constexpr int kFamily = 1;
  int length = 0;
  const char* text =
      stbtt_GetFontNameString(&face_->info, &length, STBTT_PLATFORM_ID_MICROSOFT,
                              STBTT_MS_EID_UNICODE_BMP, STBTT_MS_LANG_ENGLISH, kFamily);
  const auto* begin = reinterpret_cast<const std::uint8_t*>(text);
  const auto* end = face_->bytes.data() + face_->bytes.size();
  if (text == nullptr || begin > end || length > end - begin) return {};
  std::string family;
  for (int i = 1; i < length; i += 2) family += text[i];  // UTF-16 whose other byte is 0 in English
  return family;
}

Tensor OutlineFont::glyph(char32_t character, std::int64_t size) const {
  const auto& info = face_->info;
  const int glyph = stbtt_FindGlyphIndex(&info, static_cast<int>(character));
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  if (glyph == 0 || stbtt_GetGlyphBox(&info, glyph, &x0, &y0, &x1, &y1) == 0 || x1 <= x0) return {};
  const auto room = static_cast<float>(size - 2 * kMargin);
  const auto common = room / static_cast<float>(face_->top - face_->bottom);
  const auto line = kMargin + std::lround(common * static_cast<float>(face_->top));
  const auto scale = std::min(common, room / static_cast<float>(x1 - x0));
  stbtt_GetGlyphBitmapBox(&info, glyph, scale, scale, &x0, &y0, &x1, &y1);
  auto image = at::zeros({1, size, size}, at::kByte);
  const auto width = std::clamp<std::int64_t>(x1 - x0, 0, size);
  const auto height = std::clamp<std::int64_t>(y1 - y0, 0, size);
  const auto left = (size - width) / 2;
  const auto above = std::clamp<std::int64_t>(line + y0, 0, size - height);
  stbtt_MakeGlyphBitmap(&info, image.mutable_data_ptr<std::uint8_t>() + above * size + left,
                        static_cast<int>(width), static_cast<int>(height), static_cast<int>(size),
                        scale, scale, glyph);
  return image.any().item<bool>() ? image : Tensor();
}

}  // namespace ktb
