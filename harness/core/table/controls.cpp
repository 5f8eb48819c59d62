#include <fmt/format.h>

#include <algorithm>

#include "core/score/metrics.hpp"
#include "core/suite/control.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

bool helps(const Difference& difference, double sign) {
  return side_of(difference.low, difference.high, sign) > 0;
}

/// The same place with a source of that control; null where the table has none.
const Contestant* control_of(const Contestant& one, Control control,
                             const std::vector<Contestant>& all) {
  Axes at = one.at;
  at["method"] = controlled(at["method"], control);
  const auto found = std::find_if(all.begin(), all.end(), [&](const Contestant& other) {
    return other.at == at && other.group() == one.group();
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

void note_controls(const TableInput& input, Table& table) {
  const std::vector<Contestant> all = contestants(table);
  for (const Contestant& one : all) {
    const double sign = metric_info(one.metric).sign();
    const bool gain = one.entry->difference && helps(*one.entry->difference, sign);
    if (!gain || !one.at.contains("method")) continue;
    for (const auto control : {Control::kUntrained, Control::kShuffled}) {
      const Contestant* other = control_of(one, control, all);
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
