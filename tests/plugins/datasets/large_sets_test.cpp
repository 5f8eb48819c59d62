#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <cstdio>

#include "core/base/json.hpp"
#include "run/data_place.hpp"
#include "sdk/files/picture_files.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Given = std::map<std::string, Value>;
using core::Json;

std::string coco_name(const std::string& subset, int image) {
  char name[64];
  std::snprintf(name, sizeof(name), "COCO_%s_%012d.jpg", subset.c_str(), image);
  return name;
}

/// A data directory with COCO's pictures, of one colour each.
class CocoPlace : public DataPlace {
 protected:
  void add_picture(const std::string& subset, int image) const {
    write("coco/" + subset + "/" + coco_name(subset, image),
          plain_png(6, static_cast<std::uint8_t>(image), 5, 9));
  }
  fs::path picture(const std::string& subset, int image) const {
    return place_ / "coco" / subset / coco_name(subset, image);
  }
};

int red(const Split& split, std::int64_t example) {
  const auto row = split.rows.at("image")[example].item<std::int64_t>();
  return split.x.at("image")[row][0][0][0].item<int>();
}

// ---- VQA v2

class Vqa2 : public CocoPlace {
 protected:
  /// Three questions for training about two pictures, two for the test about one.
  Vqa2() {
    for (const int image : {9, 25}) add_picture("train2014", image);
    add_picture("val2014", 42);
    train_ = {"train2014", Json::array(), Json::array()};
    test_ = {"val2014", Json::array(), Json::array()};
    add(train_, 25, 251, "What is this?", "two dogs", "other",
        answers({{"Two dogs.", 7}, {"dogs", 2}, {"cat", 1}}));
    add(train_, 9, 91, "Is it red?", "yes", "yes/no", answers({{"yes", 10}}));
    add(train_, 25, 252, "How many?", "2", "number", answers({{"two", 1}, {"2", 3}, {"3", 6}}));
    add(test_, 42, 421, "Is it blue?", "yes", "yes/no", answers({{"yes", 9}, {"no", 1}}));
    add(test_, 42, 422, "What is that?", "cat", "other", answers({{"cat", 8}, {"a hat", 2}}));
  }

  struct Part {
    std::string subset;
    Json questions, annotations;
  };

  static std::vector<std::string> answers(const std::vector<std::pair<std::string, int>>& counts) {
    std::vector<std::string> all;
    for (const auto& [answer, count] : counts)
      all.insert(all.end(), static_cast<std::size_t>(count), answer);
    return all;
  }

  static void add(Part& part, int image, int id, const std::string& question,
                  const std::string& answer, const std::string& type,
                  const std::vector<std::string>& given) {
    part.questions.push_back({{"image_id", image}, {"question", question}, {"question_id", id}});
    auto all = Json::array();
    for (std::size_t i = 0; i < given.size(); ++i)
      all.push_back({{"answer", given[i]}, {"answer_confidence", "yes"}, {"answer_id", i + 1}});
    part.annotations.push_back({{"question_type", "what"},
                                {"multiple_choice_answer", answer},
                                {"answers", all},
                                {"image_id", image},
                                {"answer_type", type},
                                {"question_id", id}});
  }

  static std::string questions_file(const std::string& subset) {
    return "vqa2/v2_OpenEnded_mscoco_" + subset + "_questions.json";
  }
  static std::string annotations_file(const std::string& subset) {
    return "vqa2/v2_mscoco_" + subset + "_annotations.json";
  }

  void write_all() const {
    for (const auto& part : {train_, test_}) {
      write_text(questions_file(part.subset), Json({{"data_type", "mscoco"},
                                                    {"data_subtype", part.subset},
                                                    {"questions", part.questions}})
                                                  .dump());
      write_text(annotations_file(part.subset), Json({{"data_type", "mscoco"},
                                                      {"data_subtype", part.subset},
                                                      {"annotations", part.annotations}})
                                                    .dump());
    }
  }

  static std::shared_ptr<Dataset> make(Given given = {}) {
    given.emplace("verify", false);
    given.emplace("size", std::int64_t{6});
    given.emplace("least", std::int64_t{1});
    return make_dataset("vqa2", given);
  }

  /// What load() says of the files as they are now.
  std::string said(const std::string& split = "train") const {
    write_all();
    return refusal(*make(), split);
  }

  Part train_, test_;
};

TEST_F(Vqa2, ReadsQuestionsPicturesAndAnswers) {
  write_all();
  const auto dataset = make();
  const auto task = dataset->task(folder());
  EXPECT_EQ(task.kind, "vqa");
  EXPECT_EQ(task.train_size, 3);
  EXPECT_EQ(task.test_size, 2);
  EXPECT_FALSE(task.categorical);
  EXPECT_THAT(task.classes, ElementsAre("yes", "2", "2 dogs", "cat"));
  const auto train = dataset->load(folder(), "train");
  EXPECT_EQ(train.size(), 3);
  EXPECT_EQ(train.x.at("image").size(0), 2);  // a table
  EXPECT_EQ(red(train, 0), 25);
  EXPECT_EQ(red(train, 1), 9);
  EXPECT_EQ(red(train, 2), 25);
  EXPECT_EQ(train.x.at("tokens").sizes(), (std::vector<std::int64_t>{3, 20}));
  EXPECT_EQ(train.texts.at("answers").at(0).size(), 10u);
  EXPECT_EQ(train.texts.at("answers").at(0).at(0), "Two dogs.");
  EXPECT_EQ(train.texts.at("answer_type").at(2).at(0), "number");
  EXPECT_EQ(train.texts.at("question_type").at(1).at(0), "what");
  EXPECT_EQ(train.texts.at("id").at(2).at(0), "252");
}

TEST_F(Vqa2, ScoresAreWhatAnAnswerCanExpect) {
  write_all();
  const auto scores = make()->load(folder(), "train").y.at("scores").to(at::kFloat);
  ASSERT_EQ(scores.sizes(), (std::vector<std::int64_t>{3, 4}));
  // yes, 2, 2 dogs, cat: `Two dogs.` is cleaned to `2 dogs`, `two` to `2`.
  const std::vector<std::vector<double>> expected = {{0, 0, 1, 0.3}, {1, 0, 0, 0}, {0, 1, 0, 0}};
  for (int question = 0; question < 3; ++question)
    for (int answer = 0; answer < 4; ++answer)
      EXPECT_NEAR(scores[question][answer].item<double>(),
                  expected[static_cast<std::size_t>(question)][static_cast<std::size_t>(answer)],
                  1e-3);
  EXPECT_NEAR(make()->load(folder(), "test").y.at("scores")[0][0].item<double>(), 1, 1e-3);
}

TEST_F(Vqa2, ClassesAreTheFrequentAnswersOfBothSplits) {
  write_all();
  EXPECT_THAT(make({{"least", std::int64_t{2}}})->task(folder()).classes, ElementsAre("yes"));
  EXPECT_THAT(make({{"answers", std::int64_t{2}}})->task(folder()).classes,
              ElementsAre("yes", "2"));
  EXPECT_THAT(complaint([&] {
                make({{"least", std::int64_t{9}}})->task(folder());
              }),
              HasSubstr("no answer is there 9 times"));
}

TEST_F(Vqa2, TheTestSplitHasTheTrainingVocabulary) {
  write_all();
  const auto dataset = make();
  const auto train = dataset->load(folder(), "train").x.at("tokens");
  const auto test = dataset->load(folder(), "test").x.at("tokens");
  EXPECT_EQ(test[1][0].item<int>(), train[0][0].item<int>());  // what
  EXPECT_EQ(test[0][2].item<int>(), 1);                        // blue: unknown
}

TEST_F(Vqa2, FilesAreFoundInTheirUsualPlaces) {
  write_all();
  EXPECT_EQ(make()->files(folder()).size(), 7u);
  const auto official = make_dataset("vqa2");
  std::vector<std::string> names;
  for (const auto& file : official->files(folder())) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("vqa2/v2_OpenEnded_mscoco_train2014_questions.json",
                                 "vqa2/v2_mscoco_train2014_annotations.json",
                                 "coco/train2014/COCO_train2014_000000000009.jpg",
                                 "vqa2/v2_OpenEnded_mscoco_val2014_questions.json",
                                 "vqa2/v2_mscoco_val2014_annotations.json",
                                 "coco/val2014/COCO_val2014_000000000042.jpg"));
  fs::create_directories(place_ / "coco/images");
  for (const std::string subset : {"train2014", "val2014"})
    fs::rename(place_ / "coco" / subset, place_ / "coco/images" / subset);
  EXPECT_EQ(make()->load(folder(), "test").size(), 2);
}

TEST_F(Vqa2, OfficialCountsAreDemanded) {
  write_all();
  EXPECT_THAT(refusal(*make_dataset("vqa2", {{"least", std::int64_t{1}}})),
              AllOf(HasSubstr("train2014_questions.json, questions"),
                    HasSubstr("expected 443757 questions, found 3"), HasSubstr("visualqa.org")));
}

TEST_F(Vqa2, MismatchedFilesAreNoticed) {
  test_.questions.swap(train_.questions);
  EXPECT_THAT(said(), AllOf(HasSubstr("train2014_questions.json, questions[0]: question_id 421"),
                            HasSubstr("no entry in v2_mscoco_train2014_annotations.json")));
  test_.questions.swap(train_.questions);
  train_.questions[1]["image_id"] = 25;
  EXPECT_THAT(said(),
              AllOf(HasSubstr("questions[1]: question_id 91 is about image 25, but about 9"),
                    HasSubstr("annotations.json")));
  train_.questions[1]["image_id"] = 9;
  train_.questions.erase(0);
  EXPECT_THAT(said(), HasSubstr("has 3 annotations"));
}

TEST_F(Vqa2, FilesOfAnotherSplitAreNoticed) {
  write_all();
  fs::copy_file(place_ / questions_file("val2014"), place_ / questions_file("train2014"),
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("train2014_questions.json, data_subtype"),
                                      HasSubstr("expected `train2014`, found `val2014`")));
}

TEST_F(Vqa2, IdsThatComeTwiceAreNoticed) {
  train_.questions[2]["question_id"] = 91;
  EXPECT_THAT(said(), AllOf(HasSubstr("train2014_questions.json, questions[2]"),
                            HasSubstr("question_id 91 comes twice")));
  train_.questions[2]["question_id"] = 252;
  train_.annotations[2]["question_id"] = 91;
  EXPECT_THAT(said(), AllOf(HasSubstr("train2014_annotations.json, annotations[2]"),
                            HasSubstr("91 comes twice")));
}

TEST_F(Vqa2, WrongLabelsAreNoticed) {
  train_.annotations[0]["answers"].erase(0);
  EXPECT_THAT(said(), AllOf(HasSubstr("annotations[0].answers: expected ten answers, found 9")));
  train_.annotations[1]["answer_type"] = "colour";
  train_.annotations[0] = train_.annotations[1];
  EXPECT_THAT(said(), AllOf(HasSubstr("annotations[0].answer_type: expected yes/no"),
                            HasSubstr("`colour`")));
  train_.questions[0]["question"] = "";
  EXPECT_THAT(said(), HasSubstr("questions[0]: the question is empty"));
  train_.questions[0].erase("question");
  EXPECT_THAT(said(), AllOf(HasSubstr("questions[0]"), HasSubstr("question")));
  train_.questions[0]["question"] = 5;
  EXPECT_THAT(said(), HasSubstr("questions[0].question: expected"));
}

TEST_F(Vqa2, CutFilesAndWrongEncodingsAreNoticed) {
  write_all();
  const auto path = place_ / annotations_file("train2014");
  const auto size = fs::file_size(path);
  fs::resize_file(path, size - 20);
  EXPECT_THAT(refusal(*make()),
              AllOf(HasSubstr("v2_mscoco_train2014_annotations.json"), HasSubstr("line 1")));
  write_text(questions_file("train2014"), "{\"questions\": [{\"question\": \"Caf\xE9?\"}]}");
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("train2014_questions.json"), HasSubstr("UTF-8")));
  fs::remove(place_ / questions_file("train2014"));
  EXPECT_THAT(refusal(*make()),
              AllOf(HasSubstr("train2014_questions.json is missing"), HasSubstr(place_.string())));
}

TEST_F(Vqa2, MissingAndDamagedPicturesAreNamed) {
  write_all();
  write_text("coco/train2014/" + coco_name("train2014", 25), "no picture");
  EXPECT_THAT(refusal(*make()),
              AllOf(HasSubstr("000000000025.jpg"), HasSubstr("cannot be decoded")));
  fs::remove(picture("train2014", 25));
  EXPECT_THAT(refusal(*make()),
              AllOf(HasSubstr("1 of 2 pictures are missing"), HasSubstr("000000000025.jpg")));
  fs::remove_all(place_ / "coco");
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("the folder coco/train2014 is missing"),
                                      HasSubstr("cocodataset.org")));
}

// ---- COCO captions

class CocoCaptions : public CocoPlace {
 protected:
  /// Two pictures for training, one of restval, one of val, two for the test; six captions each.
  CocoCaptions() {
    for (const auto& [image, split] : std::vector<std::pair<int, std::string>>{
             {9, "train"}, {25, "train"}, {43, "restval"}, {44, "val"}, {45, "test"}, {46, "test"}})
      add(image, split);
  }

  void add(int image, const std::string& split) {
    const std::string subset = split == "train" ? "train2014" : "val2014";
    add_picture(subset, image);
    auto sentences = Json::array();
    for (int i = 0; i < 6; ++i)
      sentences.push_back({{"raw", "Picture " + std::to_string(image) + " seen by person " +
                                       std::to_string(i) + "."},
                           {"tokens", {"picture"}},
                           {"imgid", images_.size()},
                           {"sentid", 6 * images_.size() + static_cast<std::size_t>(i)}});
    images_.push_back({{"filepath", subset},
                       {"filename", coco_name(subset, image)},
                       {"imgid", images_.size()},
                       {"cocoid", image},
                       {"split", split},
                       {"sentids", Json::array()},
                       {"sentences", sentences}});
  }

  static std::shared_ptr<Dataset> make(Given given = {}) {
    given.emplace("verify", false);
    given.emplace("size", std::int64_t{6});
    return make_dataset("coco_captions", given);
  }
  void write_all() const {
    write_text("coco/dataset_coco.json", Json({{"dataset", "coco"}, {"images", images_}}).dump());
  }
  std::string said() const {
    write_all();
    return refusal(*make());
  }

  Json images_ = Json::array();
};

TEST_F(CocoCaptions, APictureHasFiveCaptions) {
  write_all();
  const auto dataset = make();
  const auto task = dataset->task(folder());
  EXPECT_EQ(task.kind, "retrieval");
  EXPECT_EQ(task.train_size, 15);
  EXPECT_EQ(task.test_size, 10);
  const auto train = dataset->load(folder(), "train");
  EXPECT_EQ(train.size(), 15);
  EXPECT_EQ(train.x.at("image").size(0), 3);
  EXPECT_EQ(red(train, 4), 9);
  EXPECT_EQ(red(train, 5), 25);
  EXPECT_EQ(red(train, 14), 43);  // restval
  EXPECT_EQ(train.y.at("entry")[9].item<int>(), 1);
  const auto test = dataset->load(folder(), "test");
  EXPECT_EQ(red(test, 9), 46);
  EXPECT_EQ(test.x.at("tokens").size(0), 10);
  // The vocabulary is that of the training captions: 46 is not in it, `picture` is.
  EXPECT_EQ(test.x.at("tokens")[9][1].item<int>(), 1);
  EXPECT_EQ(test.x.at("tokens")[9][0].item<int>(), train.x.at("tokens")[0][0].item<int>());
}

TEST_F(CocoCaptions, OptionsChooseCaptionsRestAndFold) {
  write_all();
  EXPECT_EQ(make({{"restval", false}})->load(folder(), "train").size(), 10);
  EXPECT_EQ(make({{"captions", std::int64_t{1}}})->load(folder(), "train").size(), 3);
  EXPECT_THAT(complaint([&] {
                make({{"fold", std::int64_t{1}}})->load(folder(), "test");
              }),
              AllOf(HasSubstr("dataset_coco.json, images"),
                    HasSubstr("fold 1 takes 2000 test pictures, there are 2")));
  const auto official = make_dataset("coco_captions")->task(DataFolder({"/nowhere"}));
  EXPECT_EQ(official.train_size, 566435);
  EXPECT_EQ(official.test_size, 25000);
  EXPECT_EQ(make_dataset("coco_captions", {{"fold", std::int64_t{4}}})->task(folder()).test_size,
            5000);
}

TEST_F(CocoCaptions, AFoldIsAThousandPicturesInTheFilesOrder) {
  for (int image = 100; image < 1100; ++image) {
    add(image, "test");
    fs::remove(picture("val2014", image));
    fs::create_hard_link(picture("val2014", 45), picture("val2014", image));
  }
  write_all();
  const auto fold = make({{"fold", std::int64_t{0}}, {"captions", std::int64_t{1}}});
  EXPECT_EQ(fold->load(folder(), "test").size(), 1000);
  EXPECT_EQ(fold->task(folder()).test_size, 1000);
}

TEST_F(CocoCaptions, FilesAreFoundInTheirUsualPlaces) {
  write_all();
  EXPECT_EQ(make()->files(folder()).size(), 6u);
  EXPECT_EQ(make_dataset("coco_captions")->files(folder()).size(), 3u);
  fs::create_directories(place_ / "coco/images");
  for (const std::string subset : {"train2014", "val2014"})
    fs::rename(place_ / "coco" / subset, place_ / "coco/images" / subset);
  EXPECT_EQ(make()->files(folder()).back().name, "coco/images/val2014/" + coco_name("val2014", 46));
  EXPECT_EQ(make()->load(folder(), "test").size(), 10);
}

TEST_F(CocoCaptions, OfficialCountsAreDemanded) {
  write_all();
  EXPECT_THAT(
      refusal(*make_dataset("coco_captions")),
      AllOf(HasSubstr("dataset_coco.json, images: expected 30504 pictures of restval, found 1"),
            HasSubstr("caption_datasets.zip")));
}

TEST_F(CocoCaptions, WhatDoesNotFitIsNamedWithItsPlace) {
  auto& image = images_[1];
  image["sentences"][2]["imgid"] = 7;
  EXPECT_THAT(
      said(),
      HasSubstr("dataset_coco.json, images[1].sentences[2].imgid: the caption of another picture"));
  image["sentences"][2]["imgid"] = 1;
  image["cocoid"] = 26;
  EXPECT_THAT(said(),
              AllOf(HasSubstr("images[1].filename: expected COCO_train2014_000000000026.jpg"),
                    HasSubstr("mixed up")));
  image["cocoid"] = 25;
  image["split"] = "training";
  EXPECT_THAT(said(), AllOf(HasSubstr("images[1].split"), HasSubstr("found `training`")));
  image["split"] = "train";
  image["filepath"] = "train2017";
  EXPECT_THAT(said(), AllOf(HasSubstr("images[1].filepath"), HasSubstr("found `train2017`")));
  image["filepath"] = "train2014";
  image["sentences"].erase(0);
  image["sentences"].erase(0);
  EXPECT_THAT(said(), HasSubstr("images[1].sentences: expected 5 captions, found 4"));
  image["sentences"][0]["raw"] = "";
  EXPECT_THAT(said(), HasSubstr("images[1].sentences[0].raw: the caption is empty"));
  image = images_[0];
  EXPECT_THAT(said(), AllOf(HasSubstr("images[1]"), HasSubstr("000000000009.jpg comes twice")));
  image.erase("sentences");
  EXPECT_THAT(said(), AllOf(HasSubstr("images[1]"), HasSubstr("sentences")));
}

TEST_F(CocoCaptions, CutFilesWrongEncodingsAndMissingPicturesAreNoticed) {
  write_all();
  fs::remove(picture("train2014", 9));
  EXPECT_THAT(refusal(*make()),
              AllOf(HasSubstr("1 of 3 pictures are missing"), HasSubstr("000000000009.jpg")));
  write_text("coco/train2014/" + coco_name("train2014", 9), "JFIF");
  EXPECT_THAT(refusal(*make()),
              AllOf(HasSubstr("000000000009.jpg"), HasSubstr("cannot be decoded")));
  const auto path = place_ / "coco/dataset_coco.json";
  fs::resize_file(path, fs::file_size(path) - 30);
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("dataset_coco.json"), HasSubstr("line 1")));
  write_text("coco/dataset_coco.json", "{\"images\": [\"\xE9\"]}");
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("dataset_coco.json"), HasSubstr("UTF-8")));
  fs::remove(path);
  EXPECT_THAT(refusal(*make()),
              AllOf(HasSubstr("coco/dataset_coco.json is missing"), HasSubstr("karpathy")));
}

}  // namespace
}  // namespace ktb::run
