#include "core/table/table.hpp"

#include <algorithm>
#include <cstddef>
#include <set>

namespace ktb::core {
namespace {

std::string letter(std::size_t number) {
  const std::string last(1, static_cast<char>('a' + number % 26));
  return number < 26 ? last : letter(number / 26 - 1) + last;
}

}  // namespace

std::string to_string(State state) {
  switch (state) {
    case State::kBlank:
      return "";
    case State::kFixed:
      return "fixed";
    case State::kComplete:
      return "complete";
    case State::kPartial:
      return "partial";
    case State::kRunning:
      return "running";
    case State::kPending:
      return "pending";
    case State::kFailed:
      return "failed";
    case State::kHole:
      break;
  }
  return "hole";
}

int side_of(double low, double high, double sign) {
  const auto [worst, best] = std::minmax({sign * low, sign * high});
  return worst > 0 ? 1 : best < 0 ? -1 : 0;
}

std::string Table::letters(const std::vector<std::string>& notes) const {
  std::set<std::size_t> numbers;
  for (const std::string& note : notes) {
    const auto found = std::find(footnotes.begin(), footnotes.end(), note);
    if (found != footnotes.end())
      numbers.insert(static_cast<std::size_t>(found - footnotes.begin()));
  }
  std::string text;
  for (const std::size_t number : numbers) text += (text.empty() ? "" : ",") + letter(number);
  return text;
}

}  // namespace ktb::core
