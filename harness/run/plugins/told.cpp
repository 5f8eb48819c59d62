#include "run/plugins/told.hpp"

#include <string_view>

namespace ktb::run {
namespace {

struct Cure {
  std::string_view sign, text;
};

constexpr Cure kCures[] = {
    {"Expected all tensors to be on the same device",
     "make each tensor where those are that it meets: x.new_zeros(...), at::arange(n, "
     "x.options()), "
     "y.to(x.device())"},
    {"device type for generator but found",
     "draw without a generator, inside Step::draw(): the harness has seeded the device's own"}};

}  // namespace

std::string told(const c10::Error& error) {
  std::string text = error.what_without_backtrace();
  for (const auto& [sign, cure] : kCures)
    if (text.find(sign) != std::string::npos) text.append(". Cure: ").append(cure);
  return text;
}

}  // namespace ktb::run
