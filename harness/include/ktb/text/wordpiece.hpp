#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/text/tokeniser.hpp"

namespace ktb {

/// BERT's uncased WordPiece as the fast tokeniser of Hugging Face has it: [CLS] A [SEP] B [SEP].
class KTB_API WordPiece final : public Tokeniser {
 public:
  static constexpr char kSpace[] = "wordpiece:bert-uncased";
  static constexpr std::int64_t kSize = 30522;
  /// `vocab.txt` of bert-base-uncased, as it lies in a data directory.
  static DataFile file();

  /// `vocab` is such a file: a token a line, whose number is its id.
  /// Throws Error with `name` and line.
  WordPiece(const Bytes& vocab, const std::string& name);
  ~WordPiece() override;

  std::vector<Token> tokens(std::string_view text) const override;
  const std::string& piece(std::int64_t id) const;  ///< its text

 private:
  struct Pieces;
  std::unique_ptr<const Pieces> pieces_;
};

}  // namespace ktb
