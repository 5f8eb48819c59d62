#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ktb/dataset.hpp"
#include "ktb/text/text_reader.hpp"

namespace ktb {

/// A question whose answer is a span of a passage.
struct Question {
  struct Answer {
    std::string text;
    std::int64_t begin = 0;  ///< in the passage, in code points
  };
  std::string id, text;
  std::shared_ptr<const std::string> passage;  ///< questions in a row may share one
  std::vector<Answer> answers;                 ///< none: the passage has no answer
};

/// Makes examples of questions: one for each window that it takes to read the passage. Declares the
/// options of TextReader, and `question_length` and `stride`.
class KTB_API PassageReader {
 public:
  PassageReader(Options& options, std::string corpus, std::int64_t length, std::int64_t vocabulary,
                std::int64_t question, std::int64_t stride);

  const TextReader& reader() const { return reader_; }
  /// A task of kind `span`; the caller adds name, label space and sizes.
  TaskSpec task() const;
  /// How many examples they make.
  std::int64_t count(const std::vector<Question>& questions, const Tokeniser& tokeniser) const;
  /// The target of a window is the first answer, where all of it is there; else 0, 0. Texts:
  /// passage, question, answers, id.
  Split read(const std::vector<Question>& questions, const Tokeniser& tokeniser) const;

 private:
  using Visit = std::function<void(const Question&, std::vector<Encoding>)>;
  void visit(const std::vector<Question>& questions, const Tokeniser& tokeniser,
             const Visit& visit) const;

  TextReader reader_;
  std::int64_t question_, stride_;
};

}  // namespace ktb
