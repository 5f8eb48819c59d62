// Data as they lie on a user's disk, through the real binaries: what she names is read, or she is
// told; what cannot be read ends with exit code 2.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "app/shell.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class DataOnDisk : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  /// A suite of one network on data sets that `definitions` define; `names` lists them.
  void write_suite(const std::string& names, const std::string& definitions,
                   const std::string& model = "mlp") const {
    write("suite.toml",
          "ktbench = 1\nseeds = 1\nmethods = [\"scratch\"]\ndatasets = " + names + "\n" +
              definitions + "\n[model.m]\nplugin = \"" + model +
              "\"\n[recipe]\nsteps = 1\nbatch = 4\n[grid.main]\npairs = [\"m -> m\"]\n"
              "[table.main]\nrows = \"method\"\ncols = \"dataset\"\n");
  }
  Outcome ktbench(const std::string& verb, const std::string& rest = "") const {
    return run_command("cd " + folder_.string() +
                       " && env -u KTBENCH_DATA " KTB_BIN_DIR "/ktbench " + verb +
                       " suite.toml --results results " + rest);
  }
  void write_films(const std::string& text) const {
    write("data/SST-2/train.tsv", text);
    write("data/SST-2/dev.tsv", text);
  }
  void write_idx(const std::string& folder) const {
    const std::string images = std::string("\0\0\x08\x03\0\0\0\x04\0\0\0\x1c\0\0\0\x1c", 16) +
                               std::string(4 * 784, '\x07');
    const auto labels = std::string("\0\0\x08\x01\0\0\0\x04\0\1\2\3", 12);
    for (const std::string part : {"train", "t10k"}) {
      write(folder + "/" + part + "-images.idx3-ubyte", images);
      write(folder + "/" + part + "-labels.idx1-ubyte", labels);
    }
  }

  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

constexpr auto kFilms =
    "[dataset.t]\nplugin = \"sst2\"\nverify = false\nlength = 8\nvocabulary = 20\n";
constexpr auto kClothes = "[dataset.f]\nplugin = \"fashion_mnist\"\nverify = false\n";

TEST_F(DataOnDisk, AByteOrderMarkAndEmptyLinesAtTheEndAreRead) {
  write_suite("\"t\"", kFilms, "bigru");
  write_films("\xEF\xBB\xBFsentence\tlabel\r\na film\t1\r\nno\t0\r\n\r\n");
  const auto [code, text] = ktbench("plan", "--data-dir data");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("t: sst2 found"), HasSubstr("1 trials")));
}

TEST_F(DataOnDisk, WhatCannotBeReadEndsWithTwoAndTheReason) {
  write_suite("\"t\"", kFilms, "bigru");
  write_films("a film\t1\nno\t0\n");
  const auto [code, text] = ktbench("run", "--data-dir data");
  EXPECT_EQ(code, 2) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("data set `t` (sst2) cannot be read; 1 trial needs it"),
                          HasSubstr("SST-2/train.tsv, line 1: the first line"),
                          HasSubstr("t: sst2 UNREADABLE"), HasSubstr("Nothing was run"),
                          Not(HasSubstr("looked"))));
}

TEST_F(DataOnDisk, OneThatCannotBeReadIsNoFaultOfOthers) {
  write_suite(R"(["t", "f", "p"])", std::string(kFilms) + kClothes +
                                        "[dataset.p]\nplugin = \"image_folder\"\nroot = \"p\"\n");
  write_films("a film\t1\nno\t0\n");
  write_idx("data/fashion-mnist");
  write("data/p/train/caf\xE9/1.gif", "GIF89a");
  write("data/p/train/dog/1.png", "no picture");
  const auto [code, text] = ktbench("plan", "--data-dir data");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("f: fashion_mnist found"), HasSubstr("t: sst2 UNREADABLE"),
                          HasSubstr("p: image_folder UNREADABLE"),
                          HasSubstr("train/caf\xEF\xBF\xBD holds no picture")));
}

TEST_F(DataOnDisk, WhatTheUserNamesIsReadAsSevenZipAndTorchvisionLeaveIt) {
  write_suite("\"f\"", kClothes);
  for (const std::string layout : {"fashion-mnist", "FashionMNIST", "FashionMNIST/raw"}) {
    write_idx("data/" + layout);
    const auto [code, text] = ktbench("plan", "--data-dir data");
    EXPECT_EQ(code, 0) << layout << "\n" << text;
    EXPECT_THAT(text, AllOf(HasSubstr("f: fashion_mnist found"), Not(HasSubstr("note")))) << layout;
    fs::remove_all(folder_ / "data");
  }
  write_suite("\"f\"", "[dataset.f]\nplugin = \"fashion_mnist\"\n");
  write_idx("data/FashionMNIST");
  const auto [code, text] = ktbench("run", "--data-dir data");
  EXPECT_EQ(code, 2) << text;
  EXPECT_THAT(text,
              HasSubstr("data/FashionMNIST/train-images.idx3-ubyte has 3152 bytes, expected"));
}

TEST_F(DataOnDisk, TheFirstFolderWinsAndOneThatNothingIsFromIsNamed) {
  write_suite("\"f\"", kClothes);
  write_idx("data/MNIST");
  write_idx("more/FashionMNIST");
  write("later/fashion-mnist/train-images-idx3-ubyte", "not looked at");
  const auto [code, text] = ktbench("plan", "--data-dir data --data-dir more --data-dir later");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("f: fashion_mnist found"),
                          HasSubstr("/data has nothing that this suite reads"),
                          HasSubstr("/later has nothing that this suite reads"),
                          Not(HasSubstr("/more has"))));
}

class UserFolder : public DataOnDisk {
 protected:
  void SetUp() override {
    if (!fs::exists("/usr/share/datasets/fashion-mnist"))
      GTEST_SKIP() << "there is no package's Fashion-MNIST here";
  }
};

TEST_F(UserFolder, ThatHasNothingIsNeverPassedOverInSilence) {
  write_suite("\"f\"", "[dataset.f]\nplugin = \"fashion_mnist\"\n");
  write("data/fashion/train-images-idx3-ubyte", "x");
  const auto [code, text] = ktbench("run", "--data-dir data");
  EXPECT_EQ(code, 2) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("/data has nothing of `f`"),
                          HasSubstr("would be read from /usr/share/datasets"),
                          HasSubstr("wanted  fashion-mnist/train-images-idx3-ubyte"),
                          HasSubstr("Nothing was run")));
  const auto absent = ktbench("run", "--data-dir nowhere");
  EXPECT_EQ(absent.code, 2) << absent.text;
  EXPECT_THAT(absent.text, HasSubstr("nowhere"));
}

TEST_F(UserFolder, ThatHasOneSetOfTwoGivesANoteOnTheOther) {
  write_suite(R"(["t", "f"])", std::string(kFilms) + "[dataset.f]\nplugin = \"fashion_mnist\"\n");
  write_films("sentence\tlabel\na film\t1\nno\t0\n");
  const auto [code, text] = ktbench("plan", "--data-dir data");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("f: read from /usr/share/datasets, for --data-dir "),
                          HasSubstr("/data has nothing of it")));
}

/// Answers about data sets are kept for later commands.
TEST_F(UserFolder, FilesThatComeLaterAreSeen) {
  write_suite("\"f\"", kClothes);
  fs::create_directories(folder_ / "data/FashionMNIST");
  EXPECT_EQ(ktbench("plan", "--data-dir data").code, 2);
  write_idx("data/FashionMNIST");
  const auto [code, text] = ktbench("plan", "--data-dir data");
  EXPECT_EQ(code, 0) << text;
}

TEST_F(DataOnDisk, APictureMoreIsSeen) {
  write_suite("\"p\"", "[dataset.p]\nplugin = \"image_folder\"\nroot = \"p\"\nsize = 4\n");
  const std::string picture = std::string("P5 1 1 255\n") + '\x07';
  for (const std::string name : {"cat/1.pgm", "cat/2.pgm", "dog/1.pgm", "dog/2.pgm"})
    write("data/p/" + name, picture);
  const auto trial = [&] {
    const auto text = ktbench("plan", "--data-dir data").text;
    return text.substr(text.find("trials\n"));
  };
  const auto before = trial();
  EXPECT_EQ(trial(), before);
  write("data/p/dog/3.pgm", picture);
  const auto after = trial();
  EXPECT_NE(after, before);
  write("data/p/emu/1.pgm", picture);
  EXPECT_NE(trial(), after);
}

TEST_F(DataOnDisk, FilesPassedOverAreCountedInANote) {
  write_suite("\"p\"", "[dataset.p]\nplugin = \"image_folder\"\nroot = \"p\"\n");
  for (const std::string split : {"Train", "Valid"})
    for (const std::string name : {"cat/1.PGM", "dog/1.pgm", "dog/2.gif", "dog/3.tiff"})
      write("data/p/" + split + "/" + name, std::string("P5 1 1 255\n") + '\x07');
  const auto [code, text] = ktbench("plan", "--data-dir data");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("p: 4 files passed over: 2 .gif, 2 .tiff; what is read ends in"));
}

}  // namespace
}  // namespace ktb::tests
