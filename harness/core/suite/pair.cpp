#include "core/suite/pair.hpp"

namespace ktb::core {
namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<PairSide> parse_side(const std::string& text) {
  PairSide side;
  const auto at = text.find('@');
  side.name = trimmed(text.substr(0, at));
  if (at != text.npos) side.dataset = trimmed(text.substr(at + 1));
  const std::string both = side.name + side.dataset;
  const bool empty = side.name.empty() || (at != text.npos && side.dataset.empty());
  if (empty || both.find_first_of(" \t@<>,") != both.npos) return std::nullopt;
  return side;
}

std::string show_side(const PairSide& side) {
  return side.dataset.empty() ? side.name : side.name + "@" + side.dataset;
}

}  // namespace

std::optional<Pair> parse_pair(const std::string& text) {
  const auto arrow = text.find("->");
  if (arrow == text.npos) return std::nullopt;
  const bool both = arrow > 0 && text[arrow - 1] == '<';
  const auto source = parse_side(text.substr(0, both ? arrow - 1 : arrow));
  const auto target = parse_side(text.substr(arrow + 2));
  if (!source || !target || (both && target->name == "self")) return std::nullopt;
  return Pair{*source, *target, both};
}

std::string show_pair(const PairSide& source, const PairSide& target) {
  return show_side(source) + " -> " + show_side(target);
}

}  // namespace ktb::core
