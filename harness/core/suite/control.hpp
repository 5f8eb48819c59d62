#pragma once
#include <array>
#include <string>
#include <utility>

#include "core/base/fields.hpp"

namespace ktb::core {

/// Sources that know nothing of use, by which knowledge is told from mere capacity.
enum class Control {
  kNone,       ///< sources as the suite says
  kUntrained,  ///< as they were initialised
  kShuffled    ///< taught the same examples with their labels interchanged
};
constexpr auto words_of(Control) {
  return std::array<std::pair<Control, const char*>, 3>{
      {{Control::kNone, ""}, {Control::kUntrained, "untrained"}, {Control::kShuffled, "shuffled"}}};
}

/// How the axis `method` calls a method with such sources: `kd:untrained`.
std::string controlled(const std::string& method, Control control);
/// The two parts of such a name.
struct MethodName {
  std::string method;
  Control control = Control::kNone;
};
MethodName method_name(const std::string& axis);
/// What a label says of it: `untrained source`.
std::string describe(Control control);

}  // namespace ktb::core
