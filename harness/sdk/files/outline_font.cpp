#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include <ft2build.h>
#include FT_BBOX_H
#include FT_FREETYPE_H
#include FT_OUTLINE_H
#include FT_SFNT_NAMES_H
#include FT_TRUETYPE_IDS_H

#include "ktb/files/font.hpp"
#include "sdk/files/font_tables.hpp"

namespace ktb {
namespace {

constexpr std::string_view kLettersAndDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::int64_t kMargin = 1;  ///< empty pixels on each side
constexpr int kPixelBits = 6;        ///< of a coordinate of a scaled outline, within a pixel
constexpr FT_Pos kPixel = FT_Pos{1} << kPixelBits;
constexpr double kFixedOne = 0x10000;  ///< of FreeType's numbers of fixed point

/// FreeType draws less of a glyph that lies outside its table; a damaged font is refused.
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

/// The whole pixels that an outline touches.
FT_BBox pixels_of(FT_Outline& outline) {
  FT_BBox box{};
  FT_Outline_Get_BBox(&outline, &box);
  return {box.xMin >> kPixelBits, box.yMin >> kPixelBits, (box.xMax + kPixel - 1) >> kPixelBits,
          (box.yMax + kPixel - 1) >> kPixelBits};
}

}  // namespace

struct OutlineFont::Face {
  Face(Bytes content, const std::string& file)
      : bytes(std::move(content)), name(file), library(start(), FT_Done_FreeType) {
    check_outlines(font_tables(bytes, name), name);
    if (FT_New_Memory_Face(library.get(), bytes.data(), static_cast<FT_Long>(bytes.size()), 0,
                           &face) != 0 ||
        FT_Select_Charmap(face, FT_ENCODING_UNICODE) != 0)
      throw Error(name + " has no table of characters that can be read here");
    for (const char c : kLettersAndDigits) {
      const auto box = load(static_cast<unsigned char>(c));
      if (!box) continue;
      bottom = std::min(bottom, box->yMin);
      top = std::max(top, box->yMax);
    }
  }

  static FT_Library start() {
    FT_Library library = nullptr;
    if (FT_Init_FreeType(&library) != 0) throw Error("FreeType does not start: too little memory");
    return library;
  }

  /// Puts a character's outline, in the font's units, into the face's slot and gives its box, or
  /// nothing where nothing is drawn. The font's programs, made for screens, are not run.
  std::optional<FT_BBox> load(char32_t character) const {
    const auto glyph = FT_Get_Char_Index(face, character);
    if (glyph == 0) return {};
    check(FT_Load_Glyph(face, glyph, FT_LOAD_NO_SCALE), glyph);
    FT_BBox box{};
    check(FT_Outline_Get_BBox(&face->glyph->outline, &box), glyph);
    if (box.xMax <= box.xMin || box.yMax <= box.yMin) return {};
    return box;
  }

  void check(FT_Error fault, FT_UInt glyph) const {
    if (fault != 0)
      throw Error(name + ": glyph " + std::to_string(glyph) +
                  " cannot be drawn (FreeType's fault " + std::to_string(fault) +
                  "); the font is damaged: get the file again");
  }

  Bytes bytes;
  std::string name;
  std::unique_ptr<FT_LibraryRec_, FT_Error (*)(FT_Library)> library;  ///< owns the face, too
  FT_Face face = nullptr;
  FT_Pos bottom = 0, top = 1;  ///< of letters and digits, in the font's units, from the line on
};

OutlineFont::OutlineFont(Bytes bytes, const std::string& name)
    : face_(std::make_unique<Face>(std::move(bytes), name)) {}
OutlineFont::~OutlineFont() = default;

std::string OutlineFont::family() const {
  for (FT_UInt i = 0; i < FT_Get_Sfnt_Name_Count(face_->face); ++i) {
    FT_SfntName entry{};
    if (FT_Get_Sfnt_Name(face_->face, i, &entry) != 0 ||
        entry.platform_id != TT_PLATFORM_MICROSOFT || entry.encoding_id != TT_MS_ID_UNICODE_CS ||
        entry.language_id != TT_MS_LANGID_ENGLISH_UNITED_STATES ||
        entry.name_id != TT_NAME_ID_FONT_FAMILY)
      continue;
    std::string family;  // UTF-16 whose other byte is 0 in English
    for (FT_UInt at = 1; at < entry.string_len; at += 2)
      family += static_cast<char>(entry.string[at]);
    return family;
  }
  return {};
}

Tensor OutlineFont::glyph(char32_t character, std::int64_t size) const {
  const auto box = face_->load(character);
  if (!box) return {};
  const auto room = static_cast<double>(size - 2 * kMargin);
  const auto common = room / static_cast<double>(face_->top - face_->bottom);
  const auto line = kMargin + std::lround(common * static_cast<double>(face_->top));
  const auto scale = std::min(common, room / static_cast<double>(box->xMax - box->xMin));
  auto& outline = face_->face->glyph->outline;
  const auto fixed = std::lround(scale * kPixel * kFixedOne);
  const FT_Matrix scaling{fixed, 0, 0, fixed};
  FT_Outline_Transform(&outline, &scaling);

  const auto ink = pixels_of(outline);
  const auto left = std::max<std::int64_t>(0, (size - (ink.xMax - ink.xMin)) / 2);
  const auto height = std::clamp<std::int64_t>(ink.yMax - ink.yMin, 0, size);
  const auto above = std::clamp<std::int64_t>(line - ink.yMax, 0, size - height);
  FT_Outline_Translate(&outline, (left - ink.xMin) * kPixel, (size - above - ink.yMax) * kPixel);

  auto image = at::zeros({1, size, size}, at::kByte);
  FT_Bitmap bitmap{};
  bitmap.rows = bitmap.width = static_cast<unsigned>(size);
  bitmap.pitch = static_cast<int>(size);
  bitmap.buffer = image.mutable_data_ptr<std::uint8_t>();
  bitmap.num_grays = 256;
  bitmap.pixel_mode = FT_PIXEL_MODE_GRAY;
  face_->check(FT_Outline_Get_Bitmap(face_->library.get(), &outline, &bitmap),
               FT_Get_Char_Index(face_->face, character));
  return image.any().item<bool>() ? image : Tensor();
}

}  // namespace ktb
