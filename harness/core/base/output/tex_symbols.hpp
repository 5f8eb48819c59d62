#pragma once
#include <string>
#include <string_view>

namespace ktb::core {

/// The text with what stands in TeX's mathematics put as that: Greek, `≥`, arrows, `±`, raised and
/// lowered digits. All else stays.
std::string with_tex_symbols(std::string_view utf8);

/// Characters of a LaTeX text that pdflatex cannot set, each once, in the order of their coming.
std::string beyond_pdflatex(std::string_view utf8);

}  // namespace ktb::core
