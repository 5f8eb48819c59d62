#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "ktb/files.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// A TrueType font whose glyphs are outlines.
class KTB_API OutlineFont {
 public:
  /// `name` is the file, for Error: no font, cut off, or a table whose checksum is wrong.
  OutlineFont(Bytes bytes, const std::string& name);
  ~OutlineFont();

  /// As the font calls itself, its bold face by the same name: `DejaVu Sans`. May be empty.
  std::string family() const;
  /// uint8 [1, size, size], white on black. All glyphs of a font stand on one line at one scale,
  /// which its letters and digits just fit; only a wider one is made smaller. Undefined where the
  /// font lacks the character or draws nothing for it.
  Tensor glyph(char32_t character, std::int64_t size) const;

 private:
  struct Face;
  std::unique_ptr<Face> face_;
};

/// A font whose glyphs are PNG pictures: OpenType tables CBLC and CBDT, a cmap of format 12.
class KTB_API PictureFont {
 public:
  /// `name` is the file, for Error, which also has the table and the byte.
  PictureFont(Bytes bytes, const std::string& name);

  /// The PNG file of a character; empty where there is none.
  Bytes picture(char32_t character) const;

 private:
  struct Extent {
    std::size_t at = 0, length = 0;
  };

  Bytes bytes_;
  std::map<char32_t, Extent> pictures_;
};

}  // namespace ktb
