#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/suite/control.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

bool helps(const Difference& difference, double sign) {
  return side_of(difference.low, difference.high, sign) > 0;
}

/// Contestants by their group and place.
class Places {
 public:
  explicit Places(const std::vector<Contestant>& all) {
    for (const Contestant& one : all) places_.try_emplace({one.group(), one.at}, &one);
  }
  /// The same place with a source of that control; null where the table has none.
  const Contestant* control_of(const Contestant& one, Control control) const {
    Axes at = one.at;
    at["method"] = controlled(at["method"], control);
    const auto found = places_.find({one.group(), at});
    return found == places_.end() ? nullptr : found->second;
  }

 private:
  std::map<std::pair<std::string, Axes>, const Contestant*> places_;
};

}  // namespace

void note_controls(const TableInput& input, Table& table) {
  const std::vector<Contestant> all = contestants(table);
  const Places places(all);
  for (const Contestant& one : all) {
    const double sign = metric_info(one.metric).sign();
    const bool gain = one.entry->difference && helps(*one.entry->difference, sign);
    if (!gain || !one.at.contains("method")) continue;
    for (const auto control : {Control::kUntrained, Control::kShuffled}) {
      const Contestant* other = places.control_of(one, control);
      const auto more = other ? difference_between(input, one, *other) : std::nullopt;
      if (!more || helps(*more, sign)) continue;
      const int digits = digits_of(one.metric, input.spec);
      one.entry->notes.push_back(
          fmt::format("not shown to transfer: {} [{}, {}] to the same with an {}",
                      with_sign(more->mean, digits), fixed(more->low, digits),
                      fixed(more->high, digits), describe(control)));
    }
  }
}

}  // namespace ktb::core
