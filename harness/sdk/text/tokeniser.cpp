#include "ktb/text/tokeniser.hpp"

#include <algorithm>
#include <utility>

#include "ktb/error.hpp"

namespace ktb {
namespace {

std::int64_t size_of(const std::vector<Token>& tokens) {
  return static_cast<std::int64_t>(tokens.size());
}

/// Tokens [begin, end), as far as there are.
std::span<const Token> part(const std::vector<Token>& tokens, std::int64_t begin,
                            std::int64_t end) {
  const auto from = static_cast<std::size_t>(begin);
  return std::span(tokens).subspan(from,
                                   static_cast<std::size_t>(std::min(end, size_of(tokens))) - from);
}

}  // namespace

Tokeniser::Tokeniser(std::string space, std::int64_t vocabulary, Frame frame)
    : space_(std::move(space)), vocabulary_(vocabulary), frame_(std::move(frame)) {}
Tokeniser::~Tokeniser() = default;

std::int64_t Tokeniser::room(std::int64_t length, bool two) const {
  const auto taken = frame_.before.size() + frame_.after.size() + (two ? frame_.between.size() : 0);
  const auto left = length - static_cast<std::int64_t>(taken);
  if (left > 0) return left;
  throw Error("length = " + std::to_string(length) + " leaves no room for a token: the frame of " +
              space_ + " takes " + std::to_string(taken));
}

Encoding Tokeniser::framed(std::span<const Token> first, std::span<const Token> second,
                           bool two) const {
  Encoding all;
  const auto frame = [&](const std::vector<std::int64_t>& ids, std::int64_t segment) {
    for (const auto id : ids) all.push_back({id, 0, 0, segment});
  };
  frame(frame_.before, 0);
  all.insert(all.end(), first.begin(), first.end());
  if (two) {
    frame(frame_.between, 0);
    for (const auto& token : second) all.push_back({token.id, token.begin, token.end, 1});
  }
  frame(frame_.after, two ? 1 : 0);
  return all;
}

Encoding Tokeniser::one(const std::vector<Token>& text, std::int64_t length) const {
  return framed(part(text, 0, room(length, false)), {}, false);
}

Encoding Tokeniser::pair(const std::vector<Token>& first, const std::vector<Token>& second,
                         std::int64_t length) const {
  const auto all = room(length, true), half = all / 2;
  auto a = size_of(first), b = size_of(second);
  if (a + b > all) {
    auto &shorter = a <= b ? a : b, &longer = a <= b ? b : a;
    shorter = std::min(shorter, half);
    longer = all - shorter;
  }
  return framed(part(first, 0, a), part(second, 0, b), true);
}

std::vector<Encoding> Tokeniser::windows(const std::vector<Token>& first,
                                         const std::vector<Token>& second, std::int64_t length,
                                         std::int64_t stride) const {
  const auto width = room(length, true) - size_of(first);
  if (width <= stride) {
    throw Error("a first text of " + std::to_string(first.size()) + " tokens leaves " +
                std::to_string(std::max<std::int64_t>(width, 0)) +
                " of length = " + std::to_string(length) +
                " to the second, which must be more than stride = " + std::to_string(stride));
  }
  std::vector<Encoding> all;
  for (std::int64_t at = 0; all.empty() || at + stride < size_of(second); at += width - stride)
    all.push_back(framed(first, part(second, at, at + width), true));
  return all;
}

}  // namespace ktb
