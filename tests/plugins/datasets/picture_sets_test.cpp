#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <set>
#include <tuple>

#include "ktb/text/words.hpp"
#include "run/data_place.hpp"
#include "sdk/files/font_files.hpp"

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The bytes of each example, so that two splits can be compared.
std::multiset<std::string> rows_of(const Tensor& x) {
  std::multiset<std::string> rows;
  const auto all = x.contiguous();
  for (std::int64_t i = 0; i < all.size(0); ++i)
    rows.emplace(static_cast<const char*>(all[i].data_ptr()), all[i].nbytes());
  return rows;
}

/// How many examples of `first` are in `second`, too.
std::size_t shared_rows(const Tensor& first, const Tensor& second) {
  const auto known = rows_of(second);
  std::size_t shared = 0;
  for (const auto& row : rows_of(first)) shared += known.count(row);
  return shared;
}

bool equal_splits(const Split& a, const Split& b) {
  const auto equal = [](const Tensors& first, const Tensors& second) {
    return std::equal(first.begin(), first.end(), second.begin(), second.end(),
                      [](const auto& one, const auto& other) {
                        return one.first == other.first && at::equal(one.second, other.second);
                      });
  };
  return equal(a.x, b.x) && equal(a.y, b.y) && equal(a.rows, b.rows) && a.texts == b.texts;
}

std::string text(const char* value) { return value; }

// ---- glyphs

class Glyphs : public DataPlace {
 protected:
  /// Two faces in each folder, of one family; glyphs are boxes of which no two are equal, but for
  /// the small letters of the first face, which look like its capitals.
  Glyphs() {
    int family = 0;
    for (const std::string folder :
         {"breip", "femkeklaver", "fifthhorseman", "rufscript", "sjfonts"}) {
      write_face(folder, "Regular", family, 0);
      write_face(folder, "Bold", family++, 20);
    }
  }

  void write_face(const std::string& folder, const std::string& face, int family, int more) const {
    std::map<char, Box> boxes = {{'Z', {900, 1000}}};
    for (char c = '0'; c <= '9'; ++c)
      boxes[c] = {200 + 150 * family + 2 * more, 100 + 90 * (c - '0')};
    for (char c = 'A'; c < 'Z'; ++c) {
      boxes[c] = {180 + 150 * family + 2 * more, 110 + 33 * (c - 'A')};
      if (face == "Regular" && family == 0) boxes[static_cast<char>(c - 'A' + 'a')] = boxes[c];
    }
    write("fonts/truetype/" + folder + "/" + folder + face + ".ttf",
          font_file(box_tables("Family " + std::to_string(family), boxes)));
  }

  static std::shared_ptr<Dataset> make(std::map<std::string, Value> given) {
    given.emplace("fonts", text("handwriting"));
    return make_dataset("glyphs", given);
  }
};

TEST_F(Glyphs, FacesOfOneFamilyAreNeverOnBothSides) {
  const auto digits = make({{"characters", text("digits")}, {"share", 0.5}});
  const auto task = digits->task(folder());
  EXPECT_THAT(task.classes, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_EQ(task.train_size, 60);  // 3 families of 5, with 2 faces each
  EXPECT_EQ(task.test_size, 40);
  const auto train = digits->load(folder(), "train"), test = digits->load(folder(), "test");
  EXPECT_EQ(train.x.at("image").sizes(), (std::vector<std::int64_t>{60, 1, 28, 28}));
  EXPECT_EQ(shared_rows(test.x.at("image"), train.x.at("image")), 0U);
  for (const auto& split : {train, test})
    EXPECT_EQ(split.y.at("label").eq(7).sum().item<int>(), split.size() / 10);
}

TEST_F(Glyphs, EqualPicturesAreThereOnce) {
  const auto all = make({{"characters", text("letters")}});
  std::multiset<std::string> rows;
  for (const auto* split : {"train", "test"})
    rows.merge(rows_of(all->load(folder(), split).x.at("image")));
  EXPECT_EQ(std::set<std::string>(rows.begin(), rows.end()).size(), rows.size());
  // Capitals alone: those of ten faces, among which every Z is the same.
  EXPECT_EQ(rows.size(), 10U * 25 + 1);
  const auto task = all->task(folder());
  EXPECT_EQ(task.train_size + task.test_size, static_cast<std::int64_t>(rows.size()));
}

TEST_F(Glyphs, TheSameFontsGiveTheSameSplits) {
  for (const auto* split : {"train", "test"})
    EXPECT_TRUE(equal_splits(make({})->load(folder(), split), make({})->load(folder(), split)));
}

TEST_F(Glyphs, FontsAreToldByCharactersNotSeen) {
  const auto given = std::map<std::string, Value>{{"characters", text("digits")}, {"share", 0.6}};
  const auto which = make(given);
  auto by_font = given;
  by_font["task"] = text("font");
  const auto font = make(by_font);
  const auto task = font->task(folder());
  EXPECT_EQ(task.outputs, 6);  // the faces of the 3 training families
  EXPECT_EQ(task.train_size, 6 * 6);
  EXPECT_EQ(task.test_size, 6 * 4);
  EXPECT_NE(task.labels, which->task(folder()).labels);
  // What the other task is tested on is not shown here.
  for (const auto* split : {"train", "test"})
    EXPECT_EQ(shared_rows(font->load(folder(), split).x.at("image"),
                          which->load(folder(), "test").x.at("image")),
              0U);
}

TEST_F(Glyphs, WhatIsMissingOrBrokenIsNamed) {
  const std::string name = "fonts/truetype/rufscript/rufscriptBold.ttf";
  auto bytes = read_file((place_ / name).string());
  bytes.resize(bytes.size() / 2);
  write(name, bytes);
  EXPECT_THAT(refusal(*make({})), AllOf(HasSubstr(name), HasSubstr("the font is damaged")));
  std::filesystem::remove_all(place_ / "fonts/truetype/sjfonts");
  EXPECT_THAT(refusal(*make({})), AllOf(HasSubstr("fonts/truetype/sjfonts is missing"),
                                        HasSubstr(place_.string()), HasSubstr("fonts-sjfonts")));
}

TEST(GlyphsOfDebian, HaveTheKnownNumbers) {
  const std::map<std::string, std::size_t> fonts = {
      {"aenigma", 464}, {"text", 44}, {"handwriting", 10}};
  for (const auto& [domain, count] : fonts) {
    const auto glyphs = make_dataset("glyphs", {{"fonts", domain}});
    const auto folder = installed_data(*glyphs);
    try {
      EXPECT_EQ(glyphs->files(folder).size(), count) << domain;
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
    const auto task = glyphs->task(folder);
    EXPECT_GT(task.train_size + task.test_size, static_cast<std::int64_t>(count * 55)) << domain;
    if (domain != "aenigma") continue;  // the others' packages change now and then
    // Of faces that are all but equal, another FreeType may draw a few pictures more or less alike.
    EXPECT_NEAR(static_cast<double>(task.train_size), 24204, 20);
    EXPECT_NEAR(static_cast<double>(task.test_size), 2734, 5);
  }
}

// ---- emoji

struct ListedEmoji {
  std::string code, name, category;
  std::vector<std::string> keywords;
};

std::string index_json(const std::vector<ListedEmoji>& all) {
  std::string json;
  for (const auto& emoji : all) {
    std::string keywords;
    for (const auto& keyword : emoji.keywords)
      keywords += (keywords.empty() ? "\"" : ", \"") + keyword + "\"";
    json += (json.empty() ? "{" : ",\n") + ("\"" + emoji.name) + R"(": {"unicode": ")" +
            emoji.code + R"(", "name": ")" + emoji.name + R"(", "category": ")" + emoji.category +
            R"(", "keywords": [)" + keywords + "]}";
  }
  return json + "}";
}

class Emoji : public DataPlace {
 protected:
  const std::string list_ = "gemojione-3.3.0/config/index.json";
  const std::string font_ = "fonts/truetype/noto/NotoColorEmoji.ttf";

  /// 20 emoji, of which every fifth has two code points; besides, one in another skin and one of a
  /// category that is left out.
  Emoji() {
    const std::vector<std::string> categories = {"food", "people", "travel", "symbols"};
    std::map<std::uint32_t, Bytes> noto;
    for (int i = 0; i < 20; ++i) {
      const auto point = 0x1F400 + static_cast<unsigned>(i);
      char hex[16];
      std::snprintf(hex, sizeof(hex), "%X", point);
      const auto code = std::string(hex) + (i % 5 == 0 ? "-200D" : "");
      all_.push_back({code,
                      "thing" + std::to_string(i),
                      categories[static_cast<std::size_t>(i % 4)],
                      {"first", "second" + std::to_string(i), "third", "fourth"}});
      picture(code, i);
      noto[point] = plain_png(9, static_cast<std::uint8_t>(i), 200, 100);
    }
    all_.push_back({"1F44B-1F3FD", "hand", "people", {}});
    all_.push_back({"1F3FB", "tone", "modifier", {}});
    write_text(list_, index_json(all_));
    write(font_, font_file(picture_tables(noto)));
  }

  void picture(const std::string& code, int red) const {
    write("gemojione-3.3.0/assets/png/" + code + ".png",
          plain_png(8, static_cast<std::uint8_t>(red), 0, 0));
  }

  static std::shared_ptr<Dataset> make(std::map<std::string, Value> given = {}) {
    given.emplace("verify", false);
    given.emplace("size", std::int64_t{8});
    return make_dataset("emoji", given);
  }

  /// The number of each example's emoji: the red of its picture.
  static std::vector<int> numbers(const Split& split) {
    std::vector<int> all;
    for (std::int64_t i = 0; i < split.size(); ++i)
      all.push_back(split.x.at("image")[i][0][4][4].item<int>());
    return all;
  }

  std::vector<ListedEmoji> all_;
};

TEST_F(Emoji, BothArtistsHaveTheSameSplitAndLabels) {
  const auto one = make(), other = make({{"artist", text("noto")}});
  EXPECT_EQ(one->task(folder()).labels, other->task(folder()).labels);
  EXPECT_EQ(one->task(folder()).outputs, 8);
  std::set<int> seen;
  for (const auto* name : {"train", "test"}) {
    const auto first = one->load(folder(), name), second = other->load(folder(), name);
    EXPECT_EQ(first.size(), 10);
    std::map<int, std::int64_t> labels;
    for (std::int64_t i = 0; i < first.size(); ++i) {
      const auto number = numbers(first)[static_cast<std::size_t>(i)];
      labels[number] = first.y.at("label")[i].item<std::int64_t>();
      EXPECT_TRUE(seen.insert(number).second) << "on both sides";
    }
    const auto of_second = numbers(second);
    for (std::size_t i = 0; i < of_second.size(); ++i) {
      ASSERT_TRUE(labels.contains(of_second[i]));
      EXPECT_NE(of_second[i] % 5, 0) << "one code point only";
      EXPECT_EQ(second.y.at("label")[static_cast<std::int64_t>(i)].item<std::int64_t>(),
                labels[of_second[i]]);
    }
  }
  EXPECT_EQ(seen.size(), 20U);
  EXPECT_TRUE(equal_splits(one->load(folder(), "train"), make()->load(folder(), "train")));
}

TEST_F(Emoji, CaptionsAreNameAndThreeKeywords) {
  const auto retrieval = make({{"task", text("retrieval")}});
  const auto task = retrieval->task(folder());
  EXPECT_EQ(task.kind, "retrieval");
  EXPECT_EQ(task.outputs, 128);
  const auto split = retrieval->load(folder(), "train");
  EXPECT_EQ(split.x.at("tokens").gt(0).sum(1).eq(4).sum().item<int>(), 10);
  EXPECT_TRUE(at::equal(split.y.at("entry"), at::arange(10, at::kLong)));
}

TEST_F(Emoji, TextIsNameAndAllKeywordsInTheWordsOfTheTrainingPart) {
  const auto both = make({{"inputs", text("both")}});
  const auto train = both->load(folder(), "train"), test = both->load(folder(), "test");
  EXPECT_EQ(both->task(folder()).input("tokens").space, "words:emoji:3000");
  EXPECT_EQ(train.x.at("tokens").gt(0).sum().item<int>(), 10 * 5);
  EXPECT_EQ(train.x.at("tokens").eq(Vocabulary::kUnknown).sum().item<int>(), 0);
  // Of a test emoji the name and one keyword are its own.
  EXPECT_EQ(test.x.at("tokens").eq(Vocabulary::kUnknown).sum().item<int>(), 10 * 2);
}

TEST_F(Emoji, KeywordsAreTheFrequentOnes) {
  const auto keywords = make({{"task", text("keywords")}, {"least", std::int64_t{10}}});
  const auto task = keywords->task(folder());
  EXPECT_EQ(task.kind, "multi_label");
  EXPECT_THAT(task.classes, ElementsAre("first", "fourth", "third"));
  EXPECT_EQ(keywords->load(folder(), "test").y.at("labels").sum().item<int>(), 30);
}

TEST_F(Emoji, InputsThatCannotBeAreRefused) {
  EXPECT_THROW(make({{"task", text("retrieval")}, {"inputs", text("text")}}), OptionError);
  EXPECT_THROW(make({{"task", text("keywords")}, {"inputs", text("both")}}), OptionError);
}

TEST_F(Emoji, WhatIsWrongIsNamedWithItsPlace) {
  const auto with = [&](const std::string& from, const std::string& to) {
    auto json = index_json(all_);
    json.replace(json.find(from), from.size(), to);
    write_text(list_, json);
    return refusal(*make());
  };
  EXPECT_THAT(with(R"("keywords")", R"("words")"), AllOf(HasSubstr(list_), HasSubstr("keywords")));
  EXPECT_THAT(with("1F401\"", "1F4G1\""),
              AllOf(HasSubstr(list_), HasSubstr("no list of code points")));
  EXPECT_THAT(with("1F402\"", "1F401\""), AllOf(HasSubstr(list_), HasSubstr("there twice")));
  auto cut = index_json(all_);
  cut.resize(cut.size() / 2);
  write_text(list_, cut);
  EXPECT_THAT(refusal(*make()), HasSubstr(list_));
  EXPECT_THAT(
      refusal(*make({{"verify", true}})),
      AllOf(HasSubstr(list_), HasSubstr("expected sha256:f5a5bea2"), HasSubstr("setup --data")));
  std::filesystem::remove(place_ / list_);
  EXPECT_THAT(refusal(*make()),
              AllOf(HasSubstr(list_ + " is missing"), HasSubstr(place_.string())));
}

TEST_F(Emoji, PicturesThatAreMissingOrBrokenAreNamed) {
  const std::string name = "gemojione-3.3.0/assets/png/1F401.png";
  const auto refused = [&](const std::map<std::string, Value>& given) {
    const auto train = refusal(*make(given));
    return train == "it was taken" ? refusal(*make(given), "test") : train;
  };
  write_text(name, text("no picture"));
  EXPECT_THAT(refused({}), HasSubstr(name + " cannot be decoded"));
  std::filesystem::remove(place_ / name);
  EXPECT_THAT(refused({}), HasSubstr(name + " is missing"));
  write(font_, font_file(picture_tables({{0x1F401, plain_png(9, 1, 2, 3)}})));
  EXPECT_THAT(refused({{"artist", text("noto")}}),
              AllOf(HasSubstr(font_ + ", U+"), HasSubstr("has no picture of it")));
}

TEST(EmojiOfDebian, HaveTheKnownNumbers) {
  const auto counts = [](const std::string& artist) {
    const auto emoji = make_dataset("emoji", {{"artist", artist}});
    const auto task = emoji->task(installed_data(*emoji));
    return std::vector<std::int64_t>{task.train_size, task.test_size};
  };
  const auto emoji = make_dataset("emoji");
  if (installed_data(*emoji).find("gemojione-3.3.0/config/index.json").empty())
    GTEST_SKIP() << emoji->get();
  EXPECT_THAT(counts("emojione"), ElementsAre(1096, 272));
  EXPECT_THAT(counts("noto"), ElementsAre(868, 212));
}

// ---- easy-VQA

class EasyVqa : public DataPlace {
 protected:
  const std::string train_ = "easy_vqa/data/train/";

  EasyVqa() {
    write_text(train_ + "questions.json",
               text(R"([["what is the red shape?", "circle", 0], ["is there a circle?", "yes", 0],
                   ["is there a green shape?", "no", 1]])"));
    write(train_ + "images/0.png", plain_png(64, 250, 0, 0));
    write(train_ + "images/1.png", plain_png(64, 0, 0, 250));
    write_text("easy_vqa/data/test/questions.json", text(R"([["is a circle present?", "no", 0]])"));
    write("easy_vqa/data/test/images/0.png", plain_png(64, 0, 1, 2));
  }

  static std::shared_ptr<Dataset> make(std::map<std::string, Value> given = {}) {
    given.emplace("verify", false);
    return make_dataset("easy_vqa", given);
  }
};

TEST_F(EasyVqa, QuestionsLookIntoTheTableOfPictures) {
  const auto package = make();
  const auto task = package->task(folder());
  EXPECT_EQ(task.kind, "vqa");
  EXPECT_EQ(task.outputs, 13);
  EXPECT_EQ(task.train_size, 3);
  EXPECT_EQ(task.test_size, 1);
  EXPECT_EQ(package->files(folder()).size(), 5U);
  const auto split = package->load(folder(), "train");
  EXPECT_EQ(split.size(), 3);
  EXPECT_EQ(split.x.at("image").sizes(), (std::vector<std::int64_t>{2, 3, 64, 64}));
  EXPECT_TRUE(at::equal(split.rows.at("image"), at::tensor({0, 0, 1}, at::kLong)));
  EXPECT_EQ(split.x.at("image")[1][2][9][9].item<int>(), 250);
  EXPECT_EQ(split.x.at("tokens")[1].gt(0).sum().item<int>(), 5);
  EXPECT_EQ(task.classes.at(static_cast<std::size_t>(split.y.at("label")[0].item<std::int64_t>())),
            "circle");
  EXPECT_THAT(split.texts.at("answers").at(2), ElementsAre("no"));
}

TEST_F(EasyVqa, WhatIsWrongIsNamedWithItsPlace) {
  const auto with = [&](const std::string& json) {
    write_text(train_ + "questions.json", json);
    return refusal(*make());
  };
  EXPECT_THAT(with(R"([["is it?", "perhaps", 0]])"),
              AllOf(HasSubstr("questions.json, [0][1]"), HasSubstr("`perhaps` is none of the 13")));
  EXPECT_THAT(with(R"([["is it?", "yes", 0], ["is it?", "yes"]])"),
              AllOf(HasSubstr("questions.json, [1]"), HasSubstr("a picture's number")));
  EXPECT_THAT(with(R"([["is it?", "yes", -1]])"), HasSubstr("cannot be negative"));
  EXPECT_THAT(with(R"([["is it?", "yes", 0)"), HasSubstr("questions.json"));
  EXPECT_THAT(with("[]"), HasSubstr("holds no question"));
  EXPECT_THAT(with(R"([["is it?", "yes", 2]])"), HasSubstr("images/2.png is missing"));
  EXPECT_THAT(refusal(*make({{"verify", true}})),
              AllOf(HasSubstr("questions.json"), HasSubstr("expected sha256:bb676976")));
  std::filesystem::remove_all(place_ / "easy_vqa/data/train");
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("questions.json is missing"),
                                      HasSubstr(place_.string()), HasSubstr("setup --data")));
  EXPECT_THAT(refusal(*make({{"source", text("package")}})), HasSubstr("is missing"));
}

TEST_F(EasyVqa, WithoutTheFilesItIsGenerated) {
  std::filesystem::remove_all(place_ / "easy_vqa");
  const auto generated = make();
  EXPECT_TRUE(generated->files(folder()).empty());
  const auto task = generated->task(folder());
  const auto train = generated->load(folder(), "train");
  EXPECT_EQ(task.train_size, train.size());
  EXPECT_NEAR(static_cast<double>(task.train_size), 38400, 600);
  EXPECT_NEAR(static_cast<double>(task.test_size), 9600, 300);
  EXPECT_EQ(train.x.at("image").size(0), 4000);
  EXPECT_EQ(train.x.at("tokens").eq(Vocabulary::kUnknown).sum().item<int>(), 0);
  EXPECT_NEAR(train.y.at("label").eq(0).to(at::kDouble).mean().item<double>(), 0.369, 0.01);
  EXPECT_TRUE(equal_splits(train, make()->load(folder(), "train")));
  const auto other = make({{"seed", std::int64_t{1}}})->load(folder(), "train");
  EXPECT_EQ(shared_rows(other.x.at("image"), train.x.at("image")), 0U);
  EXPECT_EQ(shared_rows(generated->load(folder(), "test").x.at("image"), train.x.at("image")), 0U);
}

TEST_F(EasyVqa, GeneratedAnswersAreTrueOfThePictures) {
  const std::map<std::string, std::array<int, 3>> colours = {
      {"black", {0, 0, 0}},    {"gray", {128, 128, 128}}, {"red", {255, 0, 0}},
      {"green", {0, 255, 0}},  {"blue", {0, 0, 255}},     {"yellow", {255, 255, 0}},
      {"teal", {0, 128, 128}}, {"brown", {165, 42, 42}}};
  const auto generated = make({{"source", text("generated")}});
  const auto split = generated->load(folder(), "test");
  const auto classes = generated->task(folder()).classes;
  std::size_t asked = 0;
  for (std::int64_t i = 0; i < 3000; ++i) {
    const auto answer =
        classes.at(static_cast<std::size_t>(split.y.at("label")[i].item<std::int64_t>()));
    const auto colour = colours.find(answer);
    if (colour == colours.end()) continue;
    const auto picture = split.x.at("image")[split.rows.at("image")[i].item<std::int64_t>()];
    const auto darkest = picture.to(at::kLong).sum(0).argmin().item<std::int64_t>();
    const auto pixel = picture.flatten(1).select(1, darkest);
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_EQ(pixel[static_cast<std::int64_t>(c)].item<int>(), colour->second[c]) << answer;
    ++asked;
  }
  EXPECT_GT(asked, 300U);
}

TEST(EasyVqaOfPyPI, HasTheKnownNumbers) {
  const auto package = make_dataset("easy_vqa", {{"source", text("package")}});
  const auto folder = installed_data(*package);
  if (folder.find("easy_vqa/data/train/questions.json").empty()) GTEST_SKIP() << package->get();
  const auto task = package->task(folder);
  for (const auto& [name, size, pictures] :
       {std::tuple("train", task.train_size, 4000), std::tuple("test", task.test_size, 1000)}) {
    const auto split = package->load(folder, name);
    EXPECT_EQ(split.size(), size);
    EXPECT_EQ(split.x.at("image").size(0), pictures);
    EXPECT_EQ(split.x.at("tokens").eq(Vocabulary::kUnknown).sum().item<int>(), 0);
  }
  EXPECT_EQ(task.train_size, 38575);
  EXPECT_EQ(task.test_size, 9673);
}

}  // namespace
}  // namespace ktb::run
