#include "core/suite/control.hpp"

namespace ktb::core {

std::string controlled(const std::string& method, Control control) {
  return control == Control::kNone ? method : method + ":" + word(control);
}

MethodName method_name(const std::string& axis) {
  const auto colon = axis.rfind(':');
  if (colon == std::string::npos) return {axis, Control::kNone};
  return {axis.substr(0, colon),
          from_word<Control>(axis.substr(colon + 1)).value_or(Control::kNone)};
}

std::string describe(Control control) {
  return control == Control::kShuffled ? "source of shuffled labels" : "untrained source";
}

}  // namespace ktb::core
