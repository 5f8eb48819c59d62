#include "core/page/svg.hpp"

#include <fmt/format.h>

#include <array>

#include "core/base/output/escape.hpp"
#include "core/base/unicode.hpp"

namespace ktb::core {
namespace {

std::string hint_of(std::string_view hint) {
  return hint.empty() ? "" : fmt::format("<title>{}</title>", html_text(hint));
}

/// Around 0, about as large as each other.
constexpr std::array kShapes{"M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0Z",
                             "M-3.3 -3.3H3.3V3.3H-3.3Z",
                             "M0 -4.2L4.2 3.2H-4.2Z",
                             "M0 -4.6L4.6 0L0 4.6L-4.6 0Z",
                             "M0 4.2L4.2 -3.2H-4.2Z",
                             "M-4 -1.4H-1.4V-4H1.4V-1.4H4V1.4H1.4V4H-1.4V1.4H-4Z"};

}  // namespace

std::string pixels(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string shortened(std::string_view text, std::size_t width) {
  const std::string line = one_line(text);
  const std::string cut = cut_utf8(line, 0, width);
  return cut == line ? line : cut_utf8(line, 0, width - 1) + "…";
}

Svg::Svg(double width, double height, std::string_view title, std::string_view description)
    : width_(width), height_(height) {
  head_ = hint_of(title);
  if (!description.empty()) head_ += fmt::format("<desc>{}</desc>", html_text(description));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view look) {
  body_ += fmt::format(R"(<path class="{}" d="M{} {}L{} {}"/>)", look, pixels(x1), pixels(y1),
                       pixels(x2), pixels(y2));
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view look,
                    std::string_view hint) {
  body_ += fmt::format(R"(<rect class="{}" x="{}" y="{}" width="{}" height="{}")", look, pixels(x),
                       pixels(y), pixels(width), pixels(height));
  body_ += hint.empty() ? "/>" : ">" + hint_of(hint) + "</rect>";
}

void Svg::mark(double x, double y, std::size_t shape, std::string_view look,
               std::string_view hint) {
  body_ += fmt::format(R"-(<path class="mark {}" transform="translate({} {})" d="{}">{}</path>)-",
                       look, pixels(x), pixels(y), kShapes[shape % kShapes.size()], hint_of(hint));
}

void Svg::dot(double x, double y, double radius, std::string_view look) {
  body_ += fmt::format(R"(<circle class="{}" cx="{}" cy="{}" r="{}"/>)", look, pixels(x), pixels(y),
                       pixels(radius));
}

void Svg::path(std::string_view d, std::string_view look) {
  body_ += fmt::format(R"(<path class="{}" d="{}"/>)", look, d);
}

void Svg::strokes(std::string_view d, double width, std::string_view look) {
  body_ += fmt::format(R"(<path class="{}" stroke-width="{}" d="{}"/>)", look, pixels(width), d);
}

void Svg::text(double x, double y, std::string_view words, std::string_view look, Anchor anchor,
               double turned) {
  const char* side = anchor == Anchor::kStart ? "" : anchor == Anchor::kEnd ? " e" : " m";
  const std::string turn = turned == 0 ? ""
                                       : fmt::format(R"-( transform="rotate({} {} {})")-",
                                                     pixels(turned), pixels(x), pixels(y));
  body_ += fmt::format(R"(<text class="t{} {}" x="{}" y="{}"{}>{}</text>)", side, look, pixels(x),
                       pixels(y), turn, html_text(words));
}

std::string Svg::str(std::string_view look) const {
  return fmt::format(R"(<svg class="{}" role="img" viewBox="0 0 {} {}" width="{}" height="{}">)",
                     look, pixels(width_), pixels(height_), pixels(width_), pixels(height_)) +
         head_ + body_ + "</svg>";
}

void Path::to(double x, double y) {
  d_ += fmt::format("{}{} {}", d_.empty() ? "M" : "L", pixels(x), pixels(y));
}

}  // namespace ktb::core
