#include "core/page/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ktb::core {
namespace {

/// The round step (1, 2 or 5 times a power of ten) that is nearest above `rough`.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1., 2., 5.})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/// 1,200,000 as `1.2M`: labels of an axis are short.
std::string short_number(double value, int digits) {
  if (std::abs(value) >= 1e6) return fmt::format("{:g}M", value / 1e6);
  if (std::abs(value) >= 1e4) return fmt::format("{:g}k", value / 1e3);
  return fmt::format("{:.{}f}", value, digits);
}

std::vector<Scale::Tick> decades(const Scale& scale, std::size_t about) {
  std::vector<Scale::Tick> ticks;
  const int first = static_cast<int>(std::floor(std::log10(scale.low)));
  const int last = static_cast<int>(std::ceil(std::log10(scale.high)));
  const bool fine = static_cast<std::size_t>(last - first) < about;
  for (int power = first; power <= last; ++power)
    for (const double factor : {1., 2., 5.}) {
      const double value = factor * std::pow(10, power);
      if ((factor == 1 || fine) && scale.holds(value))
        ticks.push_back({value, short_number(value, std::max(0, -power))});
    }
  return ticks;
}

}  // namespace

double Scale::at(double value) const {
  const double share =
      logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  return from + share * (to - from);
}

double Scale::within(double value) const { return at(std::clamp(value, low, high)); }

std::vector<Scale::Tick> Scale::ticks(std::size_t about) const {
  if (logarithmic) return decades(*this, about);
  const double step = round_step((high - low) / static_cast<double>(about));
  const int digits = std::max(0, -static_cast<int>(std::floor(std::log10(step * (1 + 1e-9)))));
  std::vector<Tick> ticks;
  for (double number = std::ceil(low / step - 1e-9); number * step <= high * (1 + 1e-12) + 1e-300;
       ++number) {
    const double value = number == 0 ? 0 : number * step;
    ticks.push_back({value, short_number(value, digits)});
    if (ticks.size() > 4 * about) break;  // steps that rounding makes nothing of
  }
  return ticks;
}

void Extent::add(double value) {
  if (!std::isfinite(value)) return;
  low_ = low_ ? std::min(*low_, value) : value;
  high_ = high_ ? std::max(*high_, value) : value;
}

Scale Extent::scale(double from, double to, double room) const {
  if (empty()) return {0, 1, from, to};
  const double least = 1e-6 * std::max({1e-6, std::abs(*low_), std::abs(*high_)});
  const double span = *high_ - *low_;
  const double more = span > least ? room * span : std::max(0.5, 0.01 * std::abs(*low_));
  return {*low_ - more, *high_ + more, from, to};
}

}  // namespace ktb::core
