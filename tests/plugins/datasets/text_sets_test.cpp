// Data sets of texts: small ones in the official layouts, damaged in every way; and WordNet itself.
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "ktb/files/unicode.hpp"
#include "ktb/text/wordnet.hpp"
#include "run/data_place.hpp"

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::int64_t> numbers(const Tensor& tensor) {
  const auto flat = tensor.contiguous();
  return {flat.const_data_ptr<std::int64_t>(), flat.const_data_ptr<std::int64_t>() + flat.numel()};
}

/// What an example's target says in its passage; "": nothing.
std::string span_text(const Split& split, std::int64_t i) {
  const auto at = [&](const char* name) {
    return split.y.at(name).const_data_ptr<std::int64_t>()[i];
  };
  const auto& offsets = split.y.at("offsets");
  const auto* row = offsets.const_data_ptr<std::int64_t>() + i * offsets.stride(0);
  const auto begin = row[2 * at("start")], end = row[2 * at("end") + 1];
  const auto entry = static_cast<std::size_t>(at("entry"));
  return begin < 0 ? "" : cut_points(split.texts.at("passage")[entry][0], begin, end);
}

class TextSets : public DataPlace {
 protected:
  /// Writes a damaged file, and says what load() says.
  std::string refusal_of(const std::string& name, const std::string& text, const Dataset& dataset,
                         const std::string& split = "train") const {
    write_text(name, text);
    return refusal(dataset, split);
  }
};

// ---- SST-2

constexpr char kSst2[] = "sentence\tlabel\na \"fine\" film \t1\nno\t0\n";

TEST_F(TextSets, Sst2) {
  write_text("SST-2/train.tsv", kSst2);
  write_text("SST-2/dev.tsv", "sentence\tlabel\na film\t1\n");
  const auto dataset = make_dataset("sst2", {{"verify", false}, {"length", std::int64_t{8}}});
  const auto task = dataset->task(folder());
  EXPECT_EQ(task.train_size, 2);
  EXPECT_EQ(task.test_size, 1);
  EXPECT_EQ(task.inputs[0].space, "words:sst2:15000");
  const auto train = dataset->load(folder(), "train"), test = dataset->load(folder(), "test");
  EXPECT_EQ(train.x.at("tokens").sizes(), (std::vector<std::int64_t>{2, 8}));
  EXPECT_THAT(numbers(train.y.at("label")), ElementsAre(1, 0));
  // " a film fine no: two quotes, the rest once each
  EXPECT_THAT(numbers(train.x.at("tokens")[0]), ElementsAre(4, 3, 6, 3, 5, 0, 0, 0));
  EXPECT_THAT(numbers(test.x.at("tokens")[0]), ElementsAre(4, 5, 0, 0, 0, 0, 0, 0));
}

TEST_F(TextSets, Sst2RefusesDamage) {
  const auto any = make_dataset("sst2", {{"verify", false}});
  const std::string file = "SST-2/train.tsv";
  EXPECT_THAT(refusal(*any), AllOf(HasSubstr("SST-2/train.tsv is missing"), HasSubstr("GLUE")));
  EXPECT_THAT(refusal_of(file, "sentence\tlabel\ngood\t1\nba", *any),
              HasSubstr("SST-2/train.tsv, line 3: expected 2 fields, found 1"));
  EXPECT_THAT(
      refusal_of(file, "good\t1\nsentence\tlabel\n", *any),
      HasSubstr("SST-2/train.tsv, line 1: the first line, and no other, names the columns"));
  EXPECT_THAT(refusal_of(file, "sentence\tlabel\n1\tgood\n", *any),
              HasSubstr("SST-2/train.tsv, line 2: the label must be 0 or 1, found `good`"));
  EXPECT_THAT(refusal_of(file, "sentence\tlabel\ncaf\xE9\t1\n", *any),
              HasSubstr("SST-2/train.tsv, line 2: the byte at offset 3 is no UTF-8"));
  EXPECT_THAT(refusal_of(file, "sentence\tlabel\n", *any), HasSubstr("has 0 texts"));
  EXPECT_THAT(refusal_of(file, kSst2, *make_dataset("sst2")),
              HasSubstr("train split of sst2 has 2 texts, expected 67349"));
}

// ---- AG News

TEST_F(TextSets, AgNews) {
  write_text("ag_news_csv/train.csv",
             "\"3\",\"Oil \"\"up\"\"\",\"Prices rise\"\n\"1\",\"A\",\"B\"\n");
  write_text("ag_news_csv/test.csv", "\"4\",\"Oil\",\"\"\n");
  const auto dataset = make_dataset("ag_news", {{"verify", false}, {"length", std::int64_t{8}}});
  const auto train = dataset->load(folder(), "train");
  EXPECT_THAT(numbers(train.y.at("label")), ElementsAre(2, 0));
  EXPECT_EQ(train.x.at("tokens")[0].ne(0).sum().item<int>(), 6);
  EXPECT_THAT(numbers(dataset->load(folder(), "test").y.at("label")), ElementsAre(3));
  EXPECT_EQ(dataset->task(folder()).classes[3], "Sci/Tech");
}

TEST_F(TextSets, AgNewsRefusesDamage) {
  const auto any = make_dataset("ag_news", {{"verify", false}});
  const std::string file = "ag_news_csv/train.csv", row = "\"1\",\"A\",\"B\"\n";
  EXPECT_THAT(refusal(*any), HasSubstr("ag_news_csv/train.csv is missing"));
  EXPECT_THAT(refusal_of(file, row + "\"2\",\"A\",\"B", *any),
              HasSubstr("ag_news_csv/train.csv, line 2: a quoted field has no end"));
  EXPECT_THAT(refusal_of(file, row + "\"2\",\"A\"\n", *any),
              HasSubstr("train.csv, line 2: expected 3 fields, found 2"));
  EXPECT_THAT(refusal_of(file, row + "\"A\",\"2\",\"B\"\n", *any),
              HasSubstr("train.csv, line 2: the class must be 1, 2, 3 or 4, found `A`"));
  EXPECT_THAT(refusal_of(file, row + "\"5\",\"A\",\"B\"\n", *any), HasSubstr("found `5`"));
  EXPECT_THAT(refusal_of(file, row + "\"1\",\"\xE9\",\"B\"\n", *any),
              HasSubstr("train.csv, line 2: the byte at offset 5 is no UTF-8"));
  EXPECT_THAT(refusal_of(file, row, *make_dataset("ag_news")),
              HasSubstr("expected md5:b1a00f826fdfbd249f79597b59e1dc12"));
}

// ---- IMDb

class ImdbSet : public TextSets {
 protected:
  ImdbSet() {
    for (const auto* split : {"train", "test"}) {
      review(split, "pos/0_9.txt", "Good.<br /><br />Very.");
      review(split, "neg/0_2.txt", "Bad.");
    }
  }
  void review(const std::string& split, const std::string& name, const std::string& text) const {
    write_text("aclImdb/" + split + "/" + name, text);
  }
  std::shared_ptr<Dataset> any_ =
      make_dataset("imdb", {{"verify", false}, {"length", std::int64_t{8}}});
};

TEST_F(ImdbSet, NegativeBeforePositiveWithoutMarksOfLineBreaks) {
  review("train", "pos/1_7.txt", "Nice");
  EXPECT_EQ(any_->task(folder()).train_size, 3);
  EXPECT_EQ(any_->files(folder()).size(), 5U);
  const auto train = any_->load(folder(), "train");
  EXPECT_THAT(numbers(train.y.at("label")), ElementsAre(0, 1, 1));
  // . bad good nice very
  EXPECT_THAT(numbers(train.x.at("tokens")[1]), ElementsAre(5, 3, 7, 3, 0, 0, 0, 0));
}

TEST_F(ImdbSet, RefusesDamage) {
  EXPECT_THAT(refusal(*make_dataset("imdb")),
              HasSubstr("aclImdb/train has 2 distinct reviews, the official one 24904"));
  review("train", "pos/1_3.txt", "Bad.");
  EXPECT_THAT(refusal(*any_), HasSubstr("pos/1_3.txt: a review of 3 stars does not belong to pos"));
  std::filesystem::rename(place_ / "aclImdb/train/pos/1_3.txt", place_ / "aclImdb/train/pos/1.txt");
  EXPECT_THAT(refusal(*any_),
              HasSubstr("pos/1.txt: the name of a review is its number and its stars"));
  std::filesystem::remove(place_ / "aclImdb/train/pos/1.txt");
  review("train", "pos/1_8.txt", "caf\xE9");
  EXPECT_THAT(refusal(*any_), HasSubstr("pos/1_8.txt, line 1: the byte at offset 3 is no UTF-8"));
  review("train", "pos/1_8.txt", "");
  EXPECT_THAT(refusal(*any_), HasSubstr("pos/1_8.txt is empty"));
  std::filesystem::remove_all(place_ / "aclImdb/train/pos");
  EXPECT_THAT(refusal(*any_), AllOf(HasSubstr("aclImdb/train/pos"), HasSubstr(place_.string()),
                                    HasSubstr("aclImdb_v1.tar.gz")));
}

// ---- SQuAD

std::string squad(const std::string& paragraphs, const std::string& version = "1.1") {
  return R"({"version": ")" + version + R"(", "data": [{"title": "t", "paragraphs": [)" +
         paragraphs + "]}]}";
}

std::string paragraph(const std::string& answers, const std::string& more = "",
                      const std::string& id = "q1") {
  return R"({"context": "Zoë met José in Málaga, then all three of them went to the old pier.",
    "qas": [{"id": ")" +
         id + R"(", "question": "Whom did she meet?", "answers": [)" + answers + "]" + more + "}]}";
}

class SquadSet : public TextSets {
 protected:
  static std::map<std::string, Value> small(std::map<std::string, Value> more = {}) {
    more.insert({{"verify", false}, {"length", std::int64_t{12}}, {"stride", std::int64_t{2}}});
    return more;
  }
  void write_both(const std::string& text) const {
    write_text("squad/train-v1.1.json", text);
    write_text("squad/dev-v1.1.json", text);
  }
};

TEST_F(SquadSet, PlacesCountCodePointsAndWindowsShareAnEntry) {
  write_both(squad(
      paragraph(R"({"text": "José", "answer_start": 8}, {"text": "pier", "answer_start": 63})")));
  const auto dataset = make_dataset("squad", small());
  const auto train = dataset->load(folder(), "train");
  // 12 places less 5 of the question and the separator: windows of 6 words, two shared, on 16.
  ASSERT_EQ(train.size(), 4);
  EXPECT_EQ(dataset->task(folder()).train_size, 4);
  EXPECT_THAT(numbers(train.y.at("entry")), ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(span_text(train, 0), "José");
  for (std::int64_t i = 1; i < 4; ++i) EXPECT_EQ(train.y.at("start")[i].item<int>(), 0) << i;
  EXPECT_THAT(train.texts.at("answers")[0], ElementsAre("José", "pier"));
  EXPECT_THAT(train.texts.at("id")[0], ElementsAre("q1"));
  EXPECT_THAT(numbers(train.x.at("segments")[0]), ElementsAre(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(numbers(train.y.at("offsets")[0][5]), ElementsAre(-1, -1));
}

TEST_F(SquadSet, AnAnswerACharacterBeforeItsPlaceIsFound) {
  write_both(squad(paragraph(R"({"text": "José", "answer_start": 9})")));
  EXPECT_EQ(span_text(make_dataset("squad", small())->load(folder(), "train"), 0), "José");
}

TEST_F(SquadSet, Version2HasQuestionsWithoutAnswer) {
  const auto text =
      squad(paragraph("", R"(, "is_impossible": true, "plausible_answers": [])"), "v2.0");
  write_text("squad/train-v2.0.json", text);
  const auto train = make_dataset("squad", small({{"version", "2.0"}}))->load(folder(), "train");
  EXPECT_EQ(train.y.at("start").sum().item<int>(), 0);
  EXPECT_TRUE(train.texts.at("answers")[0].empty());
  write_both(text);
  EXPECT_THAT(refusal(*make_dataset("squad", small())),
              HasSubstr("train-v1.1.json, version: expected 1.1, found v2.0"));
}

TEST_F(SquadSet, RefusesDamage) {
  const auto any = make_dataset("squad", small());
  const std::string file = "squad/train-v1.1.json";
  const auto good = paragraph(R"({"text": "José", "answer_start": 8})");
  EXPECT_THAT(refusal(*any), HasSubstr("squad/train-v1.1.json is missing"));
  EXPECT_THAT(refusal_of(file, squad(good).substr(0, 150), *any),
              AllOf(HasSubstr(file + " is no JSON, or cut off"), HasSubstr("line 2, column")));
  EXPECT_THAT(refusal_of(file, squad(good + "," + good), *any),
              HasSubstr(file + ", data[0].paragraphs[1].qas[0].id: another question has this id"));
  EXPECT_THAT(refusal_of(file, squad(paragraph(R"({"text": "José", "answer_start": 30})")), *any),
              AllOf(HasSubstr(file + ", data[0].paragraphs[0].qas[0].answers[0]"),
                    HasSubstr("another text at 30: `ll t`")));
  EXPECT_THAT(refusal_of(file, squad(paragraph("")), *any),
              HasSubstr("qas[0]: it has no answer, and is not said to be impossible"));
  EXPECT_THAT(refusal_of(file, squad(paragraph(R"({"text": "José"})")), *any),
              HasSubstr("answers[0]: expected a member `answer_start`"));
  EXPECT_THAT(refusal_of(file,
                         squad(R"({"context": "caf)"
                               "\xE9"
                               R"(", "qas": []})"),
                         *any),
              AllOf(HasSubstr(file), HasSubstr("UTF-8")));
  EXPECT_THAT(refusal_of(file, squad(""), *any), HasSubstr(file + ", data: there is no question"));
  EXPECT_THAT(refusal_of(file, squad(good), *make_dataset("squad")),
              HasSubstr("expected 30288272 bytes"));
}

// ---- WordNet

struct Line {
  int lexname;
  std::string words, gloss;
};

/// A data file as WordNet has it: each line begins with its place in the file.
std::string wordnet_data(char letter, const std::vector<Line>& lines) {
  std::string text = "  1 A licence.\n";
  for (const auto& line : lines) {
    text += fmt::format("{:08} {:02} {} 01 {} 0 000 | {}  \n", text.size(), line.lexname, letter,
                        line.words, line.gloss);
  }
  return text;
}

class SmallWordNet : public TextSets {
 protected:
  SmallWordNet() {
    for (const auto* part : {"verb", "adj", "adv"})
      write_text(std::string("wordnet/data.") + part, "");
    for (const auto* part : {"noun", "verb", "adj", "adv"})
      write_text(std::string("wordnet/") + part + ".exc", "");
    std::vector<Line> lines;
    for (int i = 0; i < 60; ++i) {
      lines.push_back({i % 2 == 0 ? 5 : 6, fmt::format("w{}", i),
                       fmt::format("thing number {}; \"they saw two w{}s today\"", i, i)});
    }
    whole_ = wordnet_data('n', lines);
    write_text("wordnet/data.noun", whole_);
  }
  static std::shared_ptr<Dataset> gloss() {
    return make_dataset("wordnet_gloss", {{"verify", false}, {"per_class", std::int64_t{0}}});
  }

  std::string whole_;
};

TEST_F(SmallWordNet, DefinitionsHaveTheirClass) {
  const auto task = gloss()->task(folder());
  EXPECT_EQ(task.train_size + task.test_size, 60);
  EXPECT_GT(task.test_size, 0);
  const auto train = gloss()->load(folder(), "train");
  EXPECT_EQ(train.x.at("tokens").size(0), task.train_size);
  for (const auto label : numbers(train.y.at("label")))
    EXPECT_THAT(task.classes[static_cast<std::size_t>(label)],
                AnyOf("noun.animal", "noun.artifact"));
}

TEST_F(SmallWordNet, QuestionsAreAnsweredByInflectedWords) {
  const auto dataset =
      make_dataset("wordnet_qa", {{"verify", false}, {"sentences", std::int64_t{3}}});
  const auto train = dataset->load(folder(), "train");
  ASSERT_EQ(train.size(), dataset->task(folder()).train_size);
  for (std::int64_t i = 0; i < train.size(); ++i) {
    const auto& answer = train.texts.at("answers")[static_cast<std::size_t>(i)].at(0);
    EXPECT_EQ(span_text(train, i), answer);
    EXPECT_TRUE(answer.starts_with('w') && answer.ends_with('s')) << answer;
  }
}

TEST_F(SmallWordNet, RefusesDamage) {
  const std::string file = "wordnet/data.noun";
  EXPECT_THAT(refusal_of(file, whole_.substr(0, whole_.size() - 30), *gloss()),
              HasSubstr(file + ", line 61: the file is cut off"));
  EXPECT_THAT(refusal_of(file, whole_.substr(0, 130), *gloss()),
              AllOf(HasSubstr(file + ", line 3: "), HasSubstr("cut off"), HasSubstr("apt-get")));
  const auto second = whole_.find('\n', 20) + 1, third = whole_.find('\n', second) + 1;
  EXPECT_THAT(refusal_of(file, whole_.substr(0, second) + whole_.substr(third), *gloss()),
              AllOf(HasSubstr(file + ", line 3: it should stand at byte"),
                    HasSubstr("lines are missing, added or in another order")));
  for (const int lexname : {30, 45, -1})
    EXPECT_THAT(refusal_of(file, wordnet_data('n', {{lexname, "a", "b"}}), *gloss()),
                HasSubstr(file + ", line 2: " + std::to_string(lexname) +
                          " is no lexicographer file of data.noun"));
  EXPECT_THAT(refusal_of(file, wordnet_data('n', {{5, "caf\xE9", "b"}}), *gloss()),
              HasSubstr(file + ", line 2: the byte at offset 20 is no UTF-8"));
  EXPECT_THAT(refusal_of(file, wordnet_data('n', {{5, "a", ""}}), *gloss()),
              HasSubstr(file + ", line 2: its definition is empty"));
  EXPECT_THAT(refusal_of(file, whole_, *make_dataset("wordnet_gloss")),
              HasSubstr("expected sha256:fea17d2f"));
  write_text(file, whole_);
  EXPECT_THAT(
      refusal_of("wordnet/verb.exc", "abode\n", *make_dataset("wordnet_qa", {{"verify", false}})),
      HasSubstr("wordnet/verb.exc, line 1: expected a form and its lemma"));
}

class RealWordNet : public ::testing::Test {
 protected:
  void SetUp() override {
    if (folder().find("wordnet/data.noun").empty()) GTEST_SKIP() << WordNet::get();
  }
  static DataFolder folder() { return installed_data(*make_dataset("wordnet_gloss")); }
};

TEST_F(RealWordNet, NothingOfOneSplitIsInTheOther) {
  Options options;
  const auto synsets = WordNet(options).synsets(folder());
  EXPECT_GT(synsets.size(), 115000U);
  std::map<std::string, bool> heads;
  std::set<std::string> definitions, sentences;
  std::int64_t tested = 0;
  for (const auto& synset : synsets) {
    auto head = synset.lemmas[0];
    for (auto& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_EQ(heads.emplace(head, synset.test).first->second, synset.test) << head;
    EXPECT_TRUE(definitions.insert(synset.definition).second) << synset.definition;
    for (const auto& sentence : synset.examples)
      EXPECT_TRUE(sentences.insert(sentence).second) << sentence;
    tested += synset.test ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(tested) / static_cast<double>(synsets.size()), 0.15, 0.01);
}

TEST_F(RealWordNet, GlossesAreBalancedAndShareTheirVocabularyWithQuestions) {
  const auto dataset = make_dataset("wordnet_gloss");
  const auto train = dataset->load(folder(), "train"), test = dataset->load(folder(), "test");
  EXPECT_TRUE(train.y.at("label").bincount().eq(600).all().item<bool>());
  EXPECT_TRUE(test.y.at("label").bincount().eq(100).all().item<bool>());
  EXPECT_EQ(dataset->task(folder()).inputs[0].space,
            make_dataset("wordnet_qa")->task(folder()).inputs[0].space);
}

/// All spans must be their answers; returns how many questions have one.
std::size_t check_spans(const Split& split) {
  std::set<std::int64_t> answered;
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const auto text = span_text(split, i);
    if (text.empty()) continue;
    const auto entry = split.y.at("entry").const_data_ptr<std::int64_t>()[i];
    EXPECT_EQ(text, split.texts.at("answers")[static_cast<std::size_t>(entry)].at(0)) << entry;
    answered.insert(entry);
  }
  return answered.size();
}

TEST_F(RealWordNet, EverySpanIsItsAnswer) {
  const auto train = make_dataset("wordnet_qa")->load(folder(), "train");
  const auto& ids = train.texts.at("id");
  EXPECT_GT(ids.size(), 25000U);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_EQ(check_spans(train), ids.size());
}

TEST_F(RealWordNet, EverySpanOfWordPiecesIsItsAnswer) {
  const auto dataset = make_dataset("wordnet_qa", {{"tokens", "wordpiece"}});
  if (folder().find("minilm/vocab.txt").empty()) GTEST_SKIP() << "scripts/setup --data gets it";
  const auto test = dataset->load(folder(), "test");
  EXPECT_EQ(check_spans(test), test.texts.at("id").size());
}

TEST_F(RealWordNet, AShareOfQuestionsHasNoAnswer) {
  const auto test =
      make_dataset("wordnet_qa", {{"unanswerable", 0.3}, {"distractors", "same_class"}})
          ->load(folder(), "test");
  const auto questions = test.texts.at("id").size();
  EXPECT_NEAR(static_cast<double>(check_spans(test)) / static_cast<double>(questions), 0.7, 0.02);
}

}  // namespace
}  // namespace ktb::run
