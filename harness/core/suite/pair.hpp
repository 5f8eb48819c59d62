#pragma once
#include <optional>
#include <string>

namespace ktb::core {

/// One side of a pair: a model, a source, a hub (`four`) or each of its members (`four.*`).
struct PairSide {
  std::string name;
  std::string dataset;  ///< after `@`; empty: the cell's
};

/// `"cnn@pictures -> bigru@gloss"`; with `<->` both are targets.
struct Pair {
  PairSide source, target;
  bool both = false;
};

/// None where the text is not a pair.
std::optional<Pair> parse_pair(const std::string& text);

/// How a pair is written: `r56 -> r20`; the source is empty where it cannot matter.
std::string show_pair(const PairSide& source, const PairSide& target);

}  // namespace ktb::core
