// What the SDK makes of texts: words, pieces of words, frames and windows.
#include <gmock/gmock.h>

#include "ktb/text/vqa_answer.hpp"
#include "ktb/text/wordpiece.hpp"
#include "ktb/text/words.hpp"
#include "run/data_place.hpp"

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Bytes bytes_of(const std::string& text) { return Bytes(text.begin(), text.end()); }

std::vector<std::int64_t> ids(const Encoding& encoding) {
  std::vector<std::int64_t> all;
  for (const auto& token : encoding) all.push_back(token.id);
  return all;
}

/// `word@begin-end` of each.
std::vector<std::string> spelled(const std::string& text) {
  std::vector<std::string> all;
  for (const auto& word : split_words(text)) {
    all.push_back(word.text + "@" + std::to_string(word.begin) + "-" + std::to_string(word.end));
  }
  return all;
}

TEST(SplitWords, RunsOfLettersAndSingleMarks) {
  EXPECT_THAT(spelled("The kettle's on, 3 cups!"),
              ElementsAre("the@0-3", "kettle's@4-12", "on@13-15", ",@15-16", "3@17-18",
                          "cups@19-23", "!@23-24"));
  EXPECT_THAT(spelled("'tis rock'n'roll'"),
              ElementsAre("'@0-1", "tis@1-4", "rock'n'roll@5-16", "'@16-17"));
  EXPECT_THAT(spelled("well-known"), ElementsAre("well@0-4", "-@4-5", "known@5-10"));
}

TEST(SplitWords, CountsCodePointsAndKnowsOtherLetters) {
  EXPECT_THAT(spelled("É\u00A0Ünïcode 😀 東京"),
              ElementsAre("é@0-1", "ünïcode@2-9", "😀@10-11", "東京@12-14"));
  EXPECT_THAT(spelled(" \t\n\u200B"), ElementsAre());
  EXPECT_THAT(complaint([] { split_words("ab\xFF"); }), HasSubstr("offset 2 is no UTF-8"));
}

TEST(Vocabulary, HoldsTheMostFrequentWordsInAFixedOrder) {
  const std::vector<std::string> corpus = {"b a c", "a b d", "b A"};
  const Vocabulary all(corpus, 100), three(corpus, 5);
  EXPECT_THAT(all.words(), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(three.words(), ElementsAre("a", "b"));
  EXPECT_EQ(three.id("b"), 4);
  EXPECT_EQ(three.id("c"), Vocabulary::kUnknown);
  EXPECT_EQ(Vocabulary({"b A", "a b d", "b a c"}, 100).words(), all.words());
}

TEST(Words, FrameTwoTextsByASeparator) {
  const Words words("test", {"one two three four"}, 20);
  EXPECT_EQ(words.space(), "words:test:20");
  EXPECT_EQ(words.vocabulary(), 20);
  const auto first = words.tokens("one two"), second = words.tokens("four nine");
  EXPECT_THAT(ids(words.one(first, 8)), ElementsAre(4, 6));
  const auto pair = words.pair(first, second, 8);
  EXPECT_THAT(ids(pair), ElementsAre(4, 6, 2, 3, 1));
  EXPECT_TRUE(pair[2].framing());
  EXPECT_EQ(pair[2].segment, 0);
  EXPECT_EQ(pair[3].segment, 1);
  EXPECT_EQ(pair[3].end, 4);
}

TEST(Words, WindowsShareTheirStride) {
  const Words words("test", {"a b c d e f g"}, 20);
  const auto question = words.tokens("a"), passage = words.tokens("a b c d e f g");
  const auto windows = words.windows(question, passage, 6, 2);
  ASSERT_EQ(windows.size(), 3U);
  EXPECT_THAT(ids(windows[0]), ElementsAre(3, 2, 3, 4, 5, 6));
  EXPECT_THAT(ids(windows[1]), ElementsAre(3, 2, 5, 6, 7, 8));
  EXPECT_THAT(ids(windows[2]), ElementsAre(3, 2, 7, 8, 9));
  EXPECT_EQ(words.windows(question, passage, 9, 2).size(), 1U);
  EXPECT_EQ(words.windows(question, {}, 9, 2).size(), 1U);
  EXPECT_THAT(complaint([&] { words.windows(question, passage, 4, 2); }),
              AllOf(HasSubstr("leaves 2 of length = 4"), HasSubstr("stride = 2")));
}

/// The pieces of a text between [CLS] and [SEP].
class WordPieces : public ::testing::Test {
 protected:
  void SetUp() override {
    const DataFolder folder(data_places({}));
    const auto file = WordPiece::file();
    if (folder.find(file.name).empty()) GTEST_SKIP() << "scripts/setup --data gets the vocabulary";
    wordpiece_ = std::make_unique<WordPiece>(read_data(folder, file, ""), file.name);
  }
  std::vector<std::string> pieces(const std::string& text) const {
    std::vector<std::string> all;
    for (const auto& token : wordpiece_->tokens(text)) all.push_back(wordpiece_->piece(token.id));
    return all;
  }
  std::unique_ptr<WordPiece> wordpiece_;
};

TEST_F(WordPieces, AreThoseOfBert) {
  EXPECT_THAT(pieces("The kettle hums."), ElementsAre("the", "kettle", "hum", "##s", "."));
  EXPECT_THAT(pieces("naïve RÉSUMÉ"), ElementsAre("naive", "resume"));
  EXPECT_THAT(pieces("[MASK]x ##ing"), ElementsAre("[MASK]", "x", "#", "#", "ing"));
  EXPECT_THAT(pieces(std::string(101, 'a')), ElementsAre("[UNK]"));
  EXPECT_THAT(ids(wordpiece_->one(wordpiece_->tokens("a"), 8)), ElementsAre(101, 1037, 102));
}

TEST_F(WordPieces, StandWhereTheirCharactersStand) {
  const auto tokens = wordpiece_->tokens("e\u0301t\u00E9 東b");
  std::vector<std::pair<std::int64_t, std::int64_t>> places;
  for (const auto& token : tokens) places.emplace_back(token.begin, token.end);
  EXPECT_THAT(places, ElementsAre(Pair(0, 3), Pair(3, 4), Pair(5, 6), Pair(6, 7)));
}

TEST(WordPieceVocabulary, DamageIsNamed) {
  EXPECT_THAT(complaint([] { WordPiece(bytes_of("[PAD]\nx\n"), "vocab.txt"); }),
              AllOf(HasSubstr("vocab.txt has 2 lines"), HasSubstr("expected 30522")));
  std::string shuffled;
  for (int i = 0; i < 30522; ++i) shuffled += "w" + std::to_string(i) + "\n";
  EXPECT_THAT(complaint([&] { WordPiece(bytes_of(shuffled), "vocab.txt"); }),
              HasSubstr("vocab.txt, line 1: expected [PAD]"));
  EXPECT_THAT(complaint([] { WordPiece(bytes_of("[PAD]\n\xE9\n"), "vocab.txt"); }),
              HasSubstr("vocab.txt, line 2: the byte at offset 0 is no UTF-8"));
}

TEST(CleanAnswer, RefusesWhatIsNoText) {
  EXPECT_EQ(clean_answer("Two dogs."), "2 dogs");
  EXPECT_THROW(clean_answer("caf\xE9"), Error);
}

}  // namespace
}  // namespace ktb::run
