#include "core/base/output/tex_symbols.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace ktb::core {
namespace {

/// Names of TeX's mathematics.
const std::map<std::string_view, std::string_view>& symbols() {
  static const auto* const all = new std::map<std::string_view, std::string_view>{
      {"α", "alpha"},
      {"β", "beta"},
      {"γ", "gamma"},
      {"δ", "delta"},
      {"ε", "varepsilon"},
      {"ϵ", "epsilon"},
      {"ζ", "zeta"},
      {"η", "eta"},
      {"θ", "theta"},
      {"ϑ", "vartheta"},
      {"ι", "iota"},
      {"κ", "kappa"},
      {"λ", "lambda"},
      {"μ", "mu"},
      {"µ", "mu"},
      {"ν", "nu"},
      {"ξ", "xi"},
      {"π", "pi"},
      {"ρ", "rho"},
      {"σ", "sigma"},
      {"ς", "varsigma"},
      {"τ", "tau"},
      {"υ", "upsilon"},
      {"φ", "varphi"},
      {"ϕ", "phi"},
      {"χ", "chi"},
      {"ψ", "psi"},
      {"ω", "omega"},
      {"Γ", "Gamma"},
      {"Δ", "Delta"},
      {"∆", "Delta"},
      {"Θ", "Theta"},
      {"Λ", "Lambda"},
      {"Ξ", "Xi"},
      {"Π", "Pi"},
      {"Σ", "Sigma"},
      {"Υ", "Upsilon"},
      {"Φ", "Phi"},
      {"Ψ", "Psi"},
      {"Ω", "Omega"},
      {"≤", "leq"},
      {"≥", "geq"},
      {"≪", "ll"},
      {"≫", "gg"},
      {"≠", "neq"},
      {"≈", "approx"},
      {"≃", "simeq"},
      {"≅", "cong"},
      {"≡", "equiv"},
      {"∼", "sim"},
      {"∝", "propto"},
      {"±", "pm"},
      {"∓", "mp"},
      {"×", "times"},
      {"÷", "div"},
      {"·", "cdot"},
      {"∙", "cdot"},
      {"⋅", "cdot"},
      {"∘", "circ"},
      {"∞", "infty"},
      {"∂", "partial"},
      {"∇", "nabla"},
      {"√", "surd"},
      {"∑", "sum"},
      {"∏", "prod"},
      {"∫", "int"},
      {"∈", "in"},
      {"∉", "notin"},
      {"∅", "emptyset"},
      {"∩", "cap"},
      {"∪", "cup"},
      {"⊂", "subset"},
      {"⊆", "subseteq"},
      {"⊃", "supset"},
      {"⊇", "supseteq"},
      {"∀", "forall"},
      {"∃", "exists"},
      {"¬", "neg"},
      {"∧", "wedge"},
      {"∨", "vee"},
      {"⊕", "oplus"},
      {"⊗", "otimes"},
      {"⊙", "odot"},
      {"⊥", "perp"},
      {"∥", "parallel"},
      {"←", "leftarrow"},
      {"→", "rightarrow"},
      {"↔", "leftrightarrow"},
      {"↑", "uparrow"},
      {"↓", "downarrow"},
      {"⇐", "Leftarrow"},
      {"⇒", "Rightarrow"},
      {"⇔", "Leftrightarrow"},
      {"↦", "mapsto"},
      {"ℓ", "ell"},
      {"ℏ", "hbar"},
      {"ℜ", "Re"},
      {"ℑ", "Im"},
      {"★", "star"},
      {"⋆", "star"},
      {"∗", "ast"},
      {"′", "prime"},
      {"⌈", "lceil"},
      {"⌉", "rceil"},
      {"⌊", "lfloor"},
      {"⌋", "rfloor"},
      {"⟨", "langle"},
      {"⟩", "rangle"},
  };
  return *all;
}

/// What is text in TeX: letters that Greek shares with Latin, digits that stand higher or lower.
const std::map<std::string_view, std::string_view>& texts() {
  static const auto* const all = new std::map<std::string_view, std::string_view>{
      {"ο", "o"},
      {"Α", "A"},
      {"Β", "B"},
      {"Ε", "E"},
      {"Ζ", "Z"},
      {"Η", "H"},
      {"Ι", "I"},
      {"Κ", "K"},
      {"Μ", "M"},
      {"Ν", "N"},
      {"Ο", "O"},
      {"Ρ", "P"},
      {"Τ", "T"},
      {"Χ", "X"},
      {"…", "\\dots{}"},
      {"−", "$-$"},
      {"⁰", "\\textsuperscript{0}"},
      {"⁴", "\\textsuperscript{4}"},
      {"⁵", "\\textsuperscript{5}"},
      {"⁶", "\\textsuperscript{6}"},
      {"⁷", "\\textsuperscript{7}"},
      {"⁸", "\\textsuperscript{8}"},
      {"⁹", "\\textsuperscript{9}"},
      {"⁻", "\\textsuperscript{$-$}"},
      {"₀", "\\textsubscript{0}"},
      {"₁", "\\textsubscript{1}"},
      {"₂", "\\textsubscript{2}"},
      {"₃", "\\textsubscript{3}"},
      {"₄", "\\textsubscript{4}"},
      {"₅", "\\textsubscript{5}"},
      {"₆", "\\textsubscript{6}"},
      {"₇", "\\textsubscript{7}"},
      {"₈", "\\textsubscript{8}"},
      {"₉", "\\textsubscript{9}"},
  };
  return *all;
}

/// The text in its characters; bytes that are no UTF-8 are one each.
std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    all.push_back(text.substr(0, size));
    text.remove_prefix(std::min(size, text.size()));
  }
  return all;
}

char32_t code_of(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character.front());
  const unsigned first = static_cast<unsigned char>(character.front());
  char32_t code = first & (0x7FU >> character.size());
  for (const char c : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return code;
}

/// What LaTeX sets without a package, in the encoding of its own fonts.
bool is_plain_tex(std::string_view character) {
  // of Latin letters those with an accent; ogoneks and Icelandic want another encoding of fonts
  static constexpr std::u32string_view kOthers = U"«»ÐðÞþĄąĐđĘęĦħĮįĲĳĸĿŀŉŊŋŦŧŲųſ";
  static constexpr std::u32string_view kSigns = U"–—‘’“”•†‡‰€™";
  const char32_t code = code_of(character);
  if (code < 0x80) return true;
  if (code >= 0xA0 && code < 0x180) return kOthers.find(code) == std::u32string_view::npos;
  return kSigns.find(code) != std::u32string_view::npos;
}

}  // namespace

std::string with_tex_symbols(std::string_view utf8) {
  std::string result;
  for (const std::string_view character : characters(utf8)) {
    const auto symbol = symbols().find(character), text = texts().find(character);
    if (symbol != symbols().end())
      result += "$\\" + std::string(symbol->second) + "$";
    else
      result += text != texts().end() ? text->second : character;
  }
  return result;
}

std::string beyond_pdflatex(std::string_view utf8) {
  std::string found;
  for (const std::string_view character : characters(utf8)) {
    if (!is_plain_tex(character) && found.find(character) == std::string::npos) found += character;
  }
  return found;
}

}  // namespace ktb::core
