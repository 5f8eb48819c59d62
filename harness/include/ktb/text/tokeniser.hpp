#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ktb/export.hpp"

namespace ktb {

/// A piece of a text as a number, and where it stands: code points of the text, the end exclusive.
struct Token {
  std::int64_t id = 0, begin = 0, end = 0;
  std::int64_t segment = 0;  ///< 1: of the second of two texts

  /// Whether it marks the frame around the texts and stands in none of them.
  bool framing() const { return end == 0; }
};

/// What a model reads: one text or two with their frame, without padding.
using Encoding = std::vector<Token>;

/// Cuts texts into tokens, and frames them. Id 0 is padding.
class KTB_API Tokeniser {
 public:
  virtual ~Tokeniser();

  /// All tokens of a text. Throws Error where it is no UTF-8.
  virtual std::vector<Token> tokens(std::string_view text) const = 0;

  /// At most `length` tokens of one text, frame included.
  Encoding one(const std::vector<Token>& text, std::int64_t length) const;
  /// At most `length` tokens of two texts: the longer one is cut first, then both evenly.
  Encoding pair(const std::vector<Token>& first, const std::vector<Token>& second,
                std::int64_t length) const;
  /// The first text whole, with as much of the second as fits, as often as it takes to show all of
  /// it; neighbouring windows share `stride` tokens. Throws Error where the first text leaves room
  /// for no more than that.
  std::vector<Encoding> windows(const std::vector<Token>& first, const std::vector<Token>& second,
                                std::int64_t length, std::int64_t stride) const;

  /// What the ids mean: `wordpiece:bert-uncased`. All lie below vocabulary().
  const std::string& space() const { return space_; }
  std::int64_t vocabulary() const { return vocabulary_; }

 protected:
  /// Ids put before the text, between two, and after.
  struct Frame {
    std::vector<std::int64_t> before, between, after;
  };
  Tokeniser(std::string space, std::int64_t vocabulary, Frame frame);

 private:
  std::int64_t room(std::int64_t length, bool two) const;
  Encoding framed(std::span<const Token> first, std::span<const Token> second, bool two) const;

  std::string space_;
  std::int64_t vocabulary_;
  Frame frame_;
};

}  // namespace ktb
