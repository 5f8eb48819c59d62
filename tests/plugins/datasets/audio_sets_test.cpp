#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <set>

#include "run/data_place.hpp"
#include "sdk/files/sound_files.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Given = std::map<std::string, Value>;

std::string text(const char* value) { return value; }
std::vector<std::string> list(std::vector<std::string> values) { return values; }

std::vector<std::int64_t> numbers(const Tensor& x) {
  return {x.const_data_ptr<std::int64_t>(), x.const_data_ptr<std::int64_t>() + x.numel()};
}

// ---- Tux Paint

class TuxPaint : public DataPlace {
 protected:
  /// Two topics of twelve stamps, spoken in two languages; each caption twice.
  TuxPaint() {
    for (const std::string topic : {"animals", "town"})
      for (int i = 0; i < 12; ++i) add(topic, i);
  }

  void add(const std::string& topic, int i) const {
    const auto stem = stamp(topic, i);
    write(stem + ".png", plain_png(8, static_cast<std::uint8_t>(20 * i), 0, 0));
    write_text(stem + ".txt", "The " + topic + " number " + std::to_string(i / 2) +
                                  ".\nfr.utf8=Numéro " + std::to_string(i) + ".\n");
    write(stem + "_desc_fr.ogg", wav(tone(300 + 50 * i, 0.2)));
    write(stem + "_desc_ru.wav", wav(tone(500 + 50 * i, 0.2)));
    write_text(stem + ".ogg", "a sound effect, which nobody reads");
  }
  static std::string stamp(const std::string& topic, int i) {
    return "tuxpaint/stamps/" + topic + "/deep/" + std::to_string(i);
  }
  static std::shared_ptr<Dataset> make(Given given = {}) {
    given.emplace("size", std::int64_t{8});
    given.emplace("seconds", 0.3);
    given.emplace("least", std::int64_t{5});
    return make_dataset("tuxpaint", given);
  }
};

TEST_F(TuxPaint, PairsPicturesWithCaptions) {
  const auto dataset = make();
  const auto task = dataset->task(folder());
  EXPECT_EQ(task.kind, "retrieval");
  EXPECT_EQ(task.train_size + task.test_size, 24);
  EXPECT_EQ(task.input("tokens").space, "words:tuxpaint:1000");
  const auto train = dataset->load(folder(), "train"), test = dataset->load(folder(), "test");
  EXPECT_EQ(train.size(), task.train_size);
  EXPECT_EQ(test.size(), task.test_size);
  EXPECT_GT(test.size(), 0);
  // Equal captions have one entry and are together.
  const auto entries = numbers(train.y.at("entry"));
  for (std::size_t i = 0; i < entries.size(); ++i)
    EXPECT_EQ(entries[i], static_cast<std::int64_t>(i / 2));
  for (std::int64_t i = 0; i < train.size(); i += 2)
    EXPECT_TRUE(at::equal(train.x.at("tokens")[i], train.x.at("tokens")[i + 1]));
}

TEST_F(TuxPaint, SpokenCaptionsAreOfTheSameStampsAsPictures) {
  const auto pairs = make({{"inputs", list({"image", "audio"})}});
  const auto topics = make({{"task", text("topic")}, {"inputs", list({"image", "audio", "text"})}});
  const auto a = pairs->load(folder(), "train"), b = topics->load(folder(), "train");
  EXPECT_EQ(pairs->task(folder()).inputs.size(), 2u);
  EXPECT_TRUE(at::equal(a.x.at("image"), b.x.at("image")));
  EXPECT_TRUE(at::equal(a.x.at("audio"), b.x.at("audio")));
  const auto russian = make({{"inputs", list({"image", "audio"})}, {"language", text("ru")}})
                           ->load(folder(), "train");
  EXPECT_TRUE(at::equal(a.x.at("image"), russian.x.at("image")));
  EXPECT_FALSE(at::equal(a.x.at("audio"), russian.x.at("audio")));
}

TEST_F(TuxPaint, TopicsAreFoldersWithEnoughPictures) {
  for (int i = 0; i < 4; ++i) add("space", i);
  const auto dataset = make({{"task", text("topic")}});
  const auto task = dataset->task(folder());
  EXPECT_THAT(task.classes, ElementsAre("animals", "town"));
  EXPECT_EQ(task.labels, "tuxpaint:topic:animals:town");
  const auto train = dataset->load(folder(), "train");
  const auto labels = numbers(train.y.at("label"));
  EXPECT_THAT(std::set(labels.begin(), labels.end()), ElementsAre(0, 1));
  EXPECT_THAT(make({{"task", text("topic")}, {"least", std::int64_t{4}}})->task(folder()).classes,
              ElementsAre("animals", "space", "town"));
}

TEST_F(TuxPaint, LanguagesAreClassesAndAStampIsOnOneSide) {
  const auto dataset = make({{"task", text("language")}, {"languages", list({"fr", "ru"})}});
  const auto task = dataset->task(folder());
  EXPECT_EQ(task.outputs, 2);
  EXPECT_EQ(task.train_size + task.test_size, 48);
  EXPECT_EQ(task.inputs.at(0).name, "audio");
  const auto train = dataset->load(folder(), "train");
  EXPECT_EQ(2 * train.y.at("label").sum().item<std::int64_t>(), train.size());
}

TEST_F(TuxPaint, NoOptionMovesAStampToTheOtherSide) {
  const auto reds = [&](Given given, const std::string& split) {
    given.emplace("letters", true);
    const auto all =
        make(given)->load(folder(), split).x.at("image").select(1, 0).select(1, 0).select(1, 0);
    std::set<int> values;
    for (std::int64_t i = 0; i < all.numel(); ++i) values.insert(all[i].item<int>());
    return values;
  };
  for (int i = 0; i < 12; ++i) fs::remove(place_ / (stamp("town", i) + ".png"));
  fs::remove(place_ / (stamp("animals", 3) + "_desc_fr.ogg"));
  const auto train = reds({}, "train"), test = reds({}, "test");
  for (const auto red : reds({{"inputs", list({"image", "audio"})}}, "train"))
    EXPECT_THAT(train, Contains(red));
  for (const auto red : reds({{"task", text("topic")}}, "test")) EXPECT_THAT(test, Contains(red));
}

TEST_F(TuxPaint, LettersAreLeftOutUnlessWanted) {
  for (int i = 0; i < 6; ++i) add("symbols/alphabets/english", i);
  EXPECT_EQ(make()->task(folder()).train_size + make()->task(folder()).test_size, 24);
  const auto all = make({{"letters", true}})->task(folder());
  EXPECT_EQ(all.train_size + all.test_size, 30);
}

TEST_F(TuxPaint, ListsWhatItReads) {
  std::vector<std::string> names;
  for (const auto& file : make({{"inputs", list({"image", "audio"})}})->files(folder()))
    names.push_back(file.name);
  EXPECT_THAT(names, AllOf(Contains("tuxpaint/stamps/town/deep/3.png"),
                           Contains("tuxpaint/stamps/town/deep/3.txt"),
                           Contains("tuxpaint/stamps/town/deep/3_desc_fr.ogg")));
  EXPECT_EQ(names.size(), 72u);
}

TEST_F(TuxPaint, DamageIsNamedWithItsPlace) {
  const auto dataset = make({{"inputs", list({"image", "audio"})}});
  const auto both = [&] { return refusal(*dataset, "train") + refusal(*dataset, "test"); };
  const auto stem = stamp("town", 3);
  write(stem + "_desc_fr.ogg", wav(tone(300, 0.2), {1, 1, 8000, 12}));
  EXPECT_THAT(both(), AllOf(HasSubstr("3_desc_fr.ogg, byte 20"), HasSubstr("12 bits")));
  write_text(stem + "_desc_fr.ogg", "OggSomething");
  EXPECT_THAT(both(), AllOf(HasSubstr("3_desc_fr.ogg, byte 0"), HasSubstr("cut off")));
  write_text(stem + ".png", "no picture");
  EXPECT_THAT(both(), AllOf(HasSubstr("town/deep/3.png"), HasSubstr("cannot be decoded")));
  write_text(stem + ".txt", "\nfr.utf8=Numéro");
  EXPECT_THAT(both(), AllOf(HasSubstr("3.txt, line 1: expected the caption in English")));
  write_text(stem + ".txt", "fr.utf8=Numéro");
  EXPECT_THAT(both(), AllOf(HasSubstr("3.txt, line 1"), HasSubstr("found `fr.utf8=Num")));
  write_text(stem + ".txt", "A caf\xE9.\n");
  EXPECT_THAT(both(), AllOf(HasSubstr("3.txt"), HasSubstr("line 1"), HasSubstr("UTF-8")));
}

TEST_F(TuxPaint, SaysWhatIsMissing) {
  EXPECT_THAT(refusal(*make({{"inputs", list({"image", "audio"})}, {"language", text("de")}})),
              AllOf(HasSubstr("fr (24), ru (24)"), HasSubstr("scripts/setup --data")));
  fs::remove_all(place_ / "tuxpaint");
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("tuxpaint/stamps is missing"),
                                      HasSubstr(place_.string()), HasSubstr("apt-get install")));
}

TEST_F(TuxPaint, OptionsThatDoNotGoTogetherAreRefused) {
  EXPECT_THROW(make({{"inputs", list({"smell"})}}), OptionError);
  EXPECT_THROW(make({{"inputs", list({"image"})}}), OptionError);
  EXPECT_THROW(make({{"inputs", list({"image", "image"})}}), OptionError);
  EXPECT_THROW(make({{"task", text("language")}, {"inputs", list({"image"})}}), OptionError);
}

TEST_F(TuxPaint, DecodedSpeechIsKeptAndFollowsTheFiles) {
  const auto dataset = make({{"inputs", list({"text", "audio"})}});
  const auto first = dataset->load(folder(), "train").x.at("audio").clone();
  const auto cache = place_ / "tuxpaint/ktbench-cache";
  EXPECT_FALSE(fs::is_empty(cache));
  EXPECT_TRUE(at::equal(dataset->load(folder(), "train").x.at("audio"), first));
  for (int i = 0; i < 12; ++i) write(stamp("town", i) + "_desc_fr.ogg", wav(tone(2000, 0.2)));
  EXPECT_FALSE(at::equal(dataset->load(folder(), "train").x.at("audio"), first));
}

TEST(InstalledTuxPaint, HasThePairsAndLanguagesThatWereCounted) {
  const auto all = make_dataset("tuxpaint", {{"letters", true}});
  const auto folder = installed_data(*all);
  try {
    all->task(folder);
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  const auto size = [&](Given given) {
    const auto task = make_dataset("tuxpaint", std::move(given))->task(folder);
    return std::pair(task.train_size, task.test_size);
  };
  EXPECT_EQ(size({{"letters", true}}), std::pair(std::int64_t{585}, std::int64_t{200}));
  EXPECT_EQ(size({}), std::pair(std::int64_t{463}, std::int64_t{164}));
  const auto spoken = size({{"letters", true}, {"inputs", list({"image", "audio"})}});
  EXPECT_EQ(spoken.first + spoken.second, 767);
  const auto topics = make_dataset("tuxpaint", {{"task", text("topic")}})->task(folder);
  EXPECT_THAT(topics.classes, ElementsAre("animals", "food", "household", "plants", "seasonal",
                                          "symbols", "town", "vehicles"));
}

TEST(InstalledTuxPaint, ItsFrenchSpeechIsRead) {
  const auto dataset =
      make_dataset("tuxpaint", {{"task", text("topic")}, {"inputs", list({"image", "audio"})}});
  const auto folder = installed_data(*dataset);
  try {
    dataset->task(folder);
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  const auto test = dataset->load(folder, "test");
  EXPECT_EQ(test.x.at("audio").sizes(), (std::vector<std::int64_t>{129, 1, 40, 198}));
  EXPECT_TRUE(test.x.at("audio").amax({1, 2, 3}).eq(1).all().item<bool>());
  EXPECT_NEAR(test.x.at("audio").mean().item<double>(), 0.32, 0.05);
}

// ---- Speech Commands

class SpeechCommands : public DataPlace {
 protected:
  /// Three words of ten clips; of each two are for validation and three for the test.
  SpeechCommands() {
    std::string validation, test;
    for (const std::string word : {"bed", "no", "yes"}) {
      for (int i = 0; i < 10; ++i) {
        const auto name = word + "/" + std::to_string(i) + "_nohash_0.wav";
        write("speech_commands_v0.02/" + name, wav(tone(300 + 40 * i, 0.1)));
        if (i < 2) validation += name + "\n";
        if (i > 6) test += name + "\n";
      }
    }
    lists(validation, test);
    for (const std::string name : {"pink", "white"})
      write("speech_commands_v0.02/_background_noise_/" + name + ".wav", wav(tone(1000, 6)));
    write_text("speech_commands_v0.02/README.md", "not a clip");
  }
  void lists(const std::string& validation, const std::string& test) const {
    write_text("speech_commands_v0.02/validation_list.txt", validation);
    write_text("speech_commands_v0.02/testing_list.txt", test);
  }
  static std::shared_ptr<Dataset> make(Given given = {}) {
    given.emplace("verify", false);
    given.emplace("seconds", 0.2);
    given.emplace("rate", std::int64_t{8000});
    return make_dataset("speech_commands", given);
  }
};

TEST_F(SpeechCommands, ListsDecideTheSplit) {
  const auto dataset = make();
  const auto task = dataset->task(folder());
  EXPECT_THAT(task.classes, ElementsAre("bed", "no", "yes"));
  EXPECT_EQ(task.train_size, 15);
  EXPECT_EQ(task.test_size, 9);
  const auto test = dataset->load(folder(), "test");
  EXPECT_EQ(test.x.at("audio").sizes(), (std::vector<std::int64_t>{9, 1, 40, 18}));
  EXPECT_THAT(numbers(test.y.at("label")), ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2));
  EXPECT_EQ(make({{"validation", true}})->load(folder(), "train").size(), 21);
  EXPECT_EQ(dataset->files(folder()).size(), 32u);
}

TEST_F(SpeechCommands, CommandsHaveUnknownWordsAndSilence) {
  const auto dataset = make({{"labels", text("commands")}});
  const auto task = dataset->task(folder());
  EXPECT_EQ(task.outputs, 12);
  EXPECT_EQ(task.classes.at(10), "unknown");
  EXPECT_EQ(task.classes.at(11), "silence");
  const auto train = dataset->load(folder(), "train");
  EXPECT_EQ(train.size(), task.train_size);
  EXPECT_THAT(numbers(train.y.at("label")), ElementsAre(1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 10, 11));
  EXPECT_EQ(train.x.at("audio")[11].max().item<float>(), 1);
}

TEST_F(SpeechCommands, AnswersForTheOfficialSetWithoutFiles) {
  const auto official = make_dataset("speech_commands");
  const auto task = official->task(DataFolder({"/nowhere"}));
  EXPECT_EQ(task.outputs, 35);
  EXPECT_EQ(task.train_size, 84843);
  EXPECT_EQ(task.test_size, 11005);
  EXPECT_THAT(task.inputs.at(0).shape, ElementsAre(1, 40, 98));
  EXPECT_EQ(task.inputs.at(0).space, "logmel:40:16000");
  EXPECT_THAT(refusal(*official), AllOf(HasSubstr("the word `backward` is missing"),
                                        HasSubstr("speech_commands_v0.02.tar.gz")));
}

TEST_F(SpeechCommands, CountsMustBeTheOfficialOnes) {
  const auto words = make_dataset("speech_commands")->task(folder()).classes;
  for (const auto& word : words) fs::create_directories(place_ / "speech_commands_v0.02" / word);
  EXPECT_THAT(refusal(*make_dataset("speech_commands")),
              AllOf(HasSubstr("expected 84843, 9981 and 11005"),
                    HasSubstr("found 15 instead of 84843"), HasSubstr("verify = false")));
}

TEST_F(SpeechCommands, DamageIsNamedWithItsPlace) {
  const auto dataset = make();
  const std::string clip = "bed/8_nohash_0.wav";
  write_text("speech_commands_v0.02/bed/4_nohash_0.wav", "RIFF1234WAVEfmt ");
  EXPECT_THAT(refusal(*dataset),
              AllOf(HasSubstr("bed/4_nohash_0.wav, byte 12"), HasSubstr("cut off")));
  lists("", clip + "\nbed/99_nohash_0.wav\n");
  EXPECT_THAT(refusal(*dataset), AllOf(HasSubstr("testing_list.txt, line 2"),
                                       HasSubstr("there is no clip bed/99_nohash_0.wav")));
  lists("no/0_nohash_0.wav\n" + clip + "\n", clip + "\n");
  EXPECT_THAT(refusal(*dataset),
              AllOf(HasSubstr(clip + " is in both"), HasSubstr("testing_list.txt"),
                    HasSubstr("validation_list.txt")));
  lists("", clip + "\n" + clip + "\n");
  EXPECT_THAT(refusal(*dataset),
              HasSubstr("testing_list.txt, line 2: " + clip + " stands there twice"));
  lists("", "bed\n");
  EXPECT_THAT(refusal(*dataset), HasSubstr("testing_list.txt, line 1: expected WORD/CLIP.wav"));
  lists("", clip +
                "\nb\xE9"
                "d/1.wav\n");
  EXPECT_THAT(refusal(*dataset),
              AllOf(HasSubstr("testing_list.txt"), HasSubstr("line 2"), HasSubstr("UTF-8")));
  fs::remove(place_ / "speech_commands_v0.02/testing_list.txt");
  EXPECT_THAT(refusal(*dataset), HasSubstr("testing_list.txt"));
  fs::remove_all(place_ / "speech_commands_v0.02");
  EXPECT_THAT(refusal(*dataset), AllOf(HasSubstr("the folder speech_commands_v0.02 is missing"),
                                       HasSubstr(place_.string())));
}

}  // namespace
}  // namespace ktb::run
