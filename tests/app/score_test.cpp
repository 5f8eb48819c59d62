// `ktbench score`: prints like the official scripts, and says where a file is wrong.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "app/shell.hpp"
#include "core/base/json.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using core::Json;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr auto kV1 = R"({"version": "1.1", "data": [{"title": "t", "paragraphs": [
  {"context": "The red bus.", "qas": [
    {"id": "q1", "question": "?", "answers": [{"text": "red bus", "answer_start": 4},
                                              {"text": "the bus", "answer_start": 0}]},
    {"id": "q2", "question": "?", "answers": [{"text": "red", "answer_start": 4}]}]}]}]})";

constexpr auto kV2 = R"({"version": "v2.0", "data": [{"title": "t", "paragraphs": [
  {"context": "The red bus.", "qas": [
    {"id": "q1", "question": "?", "is_impossible": false,
     "answers": [{"text": "red bus", "answer_start": 4}]},
    {"id": "q2", "question": "?", "is_impossible": true, "answers": []}]}]}]})";

std::string annotation(int id, const std::string& type, const std::string& answer,
                       const std::string& last) {
  std::string text = R"({"question_id": )" + std::to_string(id) +
                     R"(, "image_id": 1, "question_type": "what", "answer_type": ")" + type +
                     R"(", "answers": [)";
  for (int i = 1; i <= 10; ++i)
    text += std::string(i > 1 ? "," : "") + R"({"answer": ")" + (i < 10 ? answer : last) +
            R"(", "answer_confidence": "yes", "answer_id": )" + std::to_string(i) + "}";
  return text + "]}";
}

struct Score : testing::Test {
  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
    return " " + (folder / name).string();
  }
  static Outcome score(const std::string& words) {
    return run_command(KTB_BIN_DIR "/ktbench score " + words);
  }
  static Json scores(const std::string& words) {
    const auto [code, text] =
        run_command(KTB_BIN_DIR "/ktbench score " + words + " --json 2>/dev/null");
    EXPECT_EQ(code, 0) << text;
    return Json::parse(text);
  }
  static void expect_error(const std::string& words, const std::string& place,
                           const std::string& what) {
    const auto [code, text] = score(words);
    EXPECT_EQ(code, 2) << text;
    EXPECT_THAT(text, HasSubstr(place));
    EXPECT_THAT(text, HasSubstr(what));
  }

  const TemporaryFolder own;
  const fs::path folder = own.path();
};

TEST_F(Score, SquadOneHasTheTwoNumbersOfItsScript) {
  const auto files =
      "squad" + put("data.json", kV1) + put("p.json", R"({"q1": "Bus!", "q2": "blue"})");
  EXPECT_EQ(scores(files), Json::parse(R"({"exact_match": 50.0, "f1": 50.0})"));
  const auto [code, text] = score(files);
  EXPECT_EQ(code, 0);
  EXPECT_THAT(text, ContainsRegex("exact_match +50.00\nf1 +50.00\n"));
}

TEST_F(Score, SquadTwoSplitsByAnswerAndFindsTheThreshold) {
  const auto files =
      "squad" + put("data.json", kV2) + put("p.json", R"({"q1": "bus", "q2": "bus"})");
  EXPECT_EQ(scores(files)["NoAns_f1"], 0.0);
  EXPECT_FALSE(scores(files).contains("best_f1"));
  const auto all = scores(files + " --na-prob" + put("na.json", R"({"q2": 0.9, "q1": 0.25})") +
                          " --na-prob-thresh 0.5");
  EXPECT_EQ(all["HasAns_exact"], 0.0);
  EXPECT_NEAR(all["HasAns_f1"].get<double>(), 200.0 / 3, 1e-9);
  EXPECT_EQ(all["NoAns_exact"], 100.0);
  EXPECT_EQ(all["exact"], 50.0);
  EXPECT_EQ(all["total"], 2);
  EXPECT_NEAR(all["best_f1"].get<double>(), 250.0 / 3, 1e-9);
  EXPECT_EQ(all["best_f1_thresh"], 0.25);
  EXPECT_EQ(all["best_exact"], 50.0);
  EXPECT_EQ(all["best_exact_thresh"], 0.0);
}

TEST_F(Score, AQuestionWithoutPredictionScoresZeroAndIsCounted) {
  const auto [code, text] =
      score("squad" + put("data.json", kV2) + put("p.json", R"({"q1": "red bus", "other": "x"})"));
  EXPECT_EQ(code, 0);
  EXPECT_THAT(text, HasSubstr("1 of 2 questions have no prediction and score 0"));
  EXPECT_THAT(text, ContainsRegex("NoAns_exact +0.00"));
}

TEST_F(Score, VqaHasMeansByType) {
  const auto data = put("data.json", R"({"annotations": [)" + annotation(1, "yes/no", "yes", "no") +
                                         "," + annotation(2, "other", "red", "blue") + "]}");
  const auto files = "vqa" + data + put("p.json", R"([{"question_id": 1, "answer": "No"},
                                                       {"question_id": 2, "answer": "a red"}])");
  EXPECT_EQ(scores(files), Json::parse(R"({"overall": 65.0, "perAnswerType":
      {"other": 100.0, "yes/no": 30.0}, "perQuestionType": {"what": 65.0}})"));
  EXPECT_THAT(score(files).text,
              ContainsRegex("overall +65.00\nperAnswerType +\n  other +100.00\n"));
}

TEST_F(Score, WrongSquadFilesAreNamedWithThePlace) {
  const auto data = put("data.json", kV1), fine = put("p.json", R"({"q1": "bus"})");
  const std::string text = kV1;
  expect_error("squad nowhere.json" + fine, "nowhere.json", "cannot be read");
  expect_error("squad" + put("cut.json", text.substr(0, 150)) + fine, "cut.json", "line 3, column");
  expect_error("squad" + put("latin.json", "{\"version\": \"caf\xE9\"}") + fine, "latin.json",
               "UTF-8");
  expect_error("squad" + put("list.json", "[]") + fine, "list.json", "expected an object");
  expect_error("squad" + put("empty.json", R"({"data": []})") + fine, "empty.json", "no question");
  auto twice = text;
  twice.replace(twice.find("q2"), 2, "q1");
  expect_error("squad" + put("twice.json", twice) + fine, "data[0].paragraphs[0].qas[1]",
               "its id \"q1\" stands there twice");
  auto odd = text;
  odd.replace(odd.find("\"red\""), 5, "17");
  expect_error("squad" + put("odd.json", odd) + fine,
               "odd.json, data[0].paragraphs[0].qas[1].answers[0].text",
               "expected a text, found the number 17");
  expect_error("squad" + data + put("list.json", "[]"), "list.json", "expected an object");
  expect_error("squad" + data + put("null.json", R"({"q1": null})"), "null.json, q1",
               "expected a text, found null");
  expect_error("squad" + data + put("other.json", R"({"x": "bus"})"), "other.json",
               "none of its names is an id of the data");
  expect_error("squad" + data + put("two.json", R"({"q1": "bus", "q1": "car"})"), "two.json",
               "\"q1\" stands there twice");
  expect_error("squad" + data + put("both.json", R"({"q1": "bus", "q2": "red"})") + " --na-prob" +
                   put("na.json", R"({"q1": 0.5})"),
               "na.json", "no probability for \"q2\"");
  expect_error("squad" + data + fine + " --na-prob" + put("na.json", R"({"q1": "high"})"),
               "na.json, q1", "expected a number, found a text");
}

TEST_F(Score, WrongVqaFilesAreNamedWithThePlace) {
  const auto one = annotation(1, "other", "red", "blue");
  const auto data = put("data.json", R"({"annotations": [)" + one + "]}");
  const auto fine = put("p.json", R"([{"question_id": 1, "answer": "red"}])");
  expect_error("vqa" + put("q.json", R"({"questions": []})") + fine, "q.json",
               "`annotations` is missing");
  expect_error("vqa" + put("two.json", R"({"annotations": [)" + one + "," + one + "]}") + fine,
               "two.json, annotations[1]", "question_id 1 stands there twice");
  auto nine = one;
  nine.erase(nine.rfind(R"(,{"answer")"), nine.rfind('}') - 1 - nine.rfind(R"(,{"answer")"));
  expect_error("vqa" + put("nine.json", R"({"annotations": [)" + nine + "]}") + fine,
               "nine.json, annotations[0].answers", "expected 10 answers, found 9");
  expect_error("vqa" + data + put("map.json", R"({"1": "red"})"), "map.json",
               "expected an array, found an object");
  expect_error("vqa" + data + put("no.json", R"([{"question_id": 1}])"), "no.json, [0]",
               "`answer` is missing");
  expect_error("vqa" + data + put("again.json", R"([{"question_id": 1, "answer": "red"},
                                                    {"question_id": 1, "answer": "blue"}])"),
               "again.json, [1]", "answered twice");
  expect_error("vqa" + data + put("split.json", R"([{"question_id": 9, "answer": "red"}])"),
               "split.json", "another split?");
}

TEST_F(Score, AKindIsNeeded) {
  EXPECT_EQ(score("").code, 2);
  EXPECT_EQ(score("squad").code, 2);
}

}  // namespace
}  // namespace ktb::tests
