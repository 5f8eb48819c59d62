#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ktb/text/tokeniser.hpp"

namespace ktb {

struct Word {
  std::string text;                 ///< in lower case
  std::int64_t begin = 0, end = 0;  ///< code points of the text
};

/// Runs of letters, digits and marks, with apostrophes inside; every other visible character is a
/// word of its own. Throws Error where the text is no UTF-8.
KTB_API std::vector<Word> split_words(std::string_view text);

/// Ids of the most frequent words of a corpus; of equally frequent ones, the first in byte order.
class KTB_API Vocabulary {
 public:
  static constexpr std::int64_t kPadding = 0, kUnknown = 1, kSeparator = 2, kFirst = 3;

  /// At most `size` ids, the three above included.
  Vocabulary(const std::vector<std::string>& corpus, std::int64_t size);
  std::int64_t id(const std::string& word) const;                   ///< kUnknown: not among them
  const std::vector<std::string>& words() const { return words_; }  ///< of ids kFirst and up

 private:
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::int64_t> ids_;
};

/// Words as tokens; two texts have the separator between them. The space is
/// `words:<corpus>:<size>`.
class KTB_API Words final : public Tokeniser {
 public:
  Words(const std::string& name, const std::vector<std::string>& corpus, std::int64_t size);
  std::vector<Token> tokens(std::string_view text) const override;

 private:
  Vocabulary vocabulary_;
};

}  // namespace ktb
