#pragma once
#include <string>
#include <string_view>

namespace ktb::core {

/// A picture inside the page, put together piece by piece. `look` are classes of the page's style:
/// colours live there, so that they can follow a dark screen or paper. Texts are escaped here.
class Svg {
 public:
  /// Title and description are what a screen reader says of it.
  Svg(double width, double height, std::string_view title, std::string_view description = "");

  void line(double x1, double y1, double x2, double y2, std::string_view look);
  void rectangle(double x, double y, double width, double height, std::string_view look,
                 std::string_view hint = "");
  /// One of several shapes, by its number: colours alone do not tell marks apart.
  void mark(double x, double y, std::size_t shape, std::string_view look,
            std::string_view hint = "");
  void dot(double x, double y, double radius, std::string_view look);
  /// `d` in SVG's own words, as `Path` makes it.
  void path(std::string_view d, std::string_view look);
  /// The same as lines of that width.
  void strokes(std::string_view d, double width, std::string_view look);
  enum class Anchor { kStart, kMiddle, kEnd };
  void text(double x, double y, std::string_view words, std::string_view look = "",
            Anchor anchor = Anchor::kStart, double turned = 0);

  std::string str(std::string_view look = "chart") const;

 private:
  std::string head_, body_;
  double width_, height_;
};

/// A line through points, or the border of an area.
class Path {
 public:
  void to(double x, double y);
  bool empty() const { return d_.empty(); }
  const std::string& d() const { return d_; }
  std::string closed() const { return d_ + "Z"; }

 private:
  std::string d_;
};

/// In a tenth of a pixel: shorter than that, no eye sees.
std::string pixels(double value);

/// At most so many characters; what was left out is a dot of three.
std::string shortened(std::string_view text, std::size_t width);

}  // namespace ktb::core
