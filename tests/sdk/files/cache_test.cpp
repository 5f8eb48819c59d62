#include "ktb/files/cache.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>

#include "ktb/files/picture_table.hpp"
#include "run/data_place.hpp"
#include "sdk/files/picture_files.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// More than one block of checksums.
const std::vector<std::int64_t> kShape = {3, 1 << 19};

class Cache : public DataPlace {
 protected:
  /// Counts how often it has to be made.
  Tensor get(const std::string& key = "0123456789abcdef0123", const std::string& folder = {}) {
    return cached(folder.empty() ? place_.string() : folder, "squares", key, kShape, at::kFloat,
                  [this](Tensor& all) {
                    ++made_;
                    all.copy_(content());
                  });
  }
  static Tensor content() { return at::arange(3 << 19, at::kFloat).reshape(kShape) + 0.5; }

  fs::path only_file() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(place_)) all.push_back(entry.path());
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }
  void bend(std::int64_t at) const {
    std::fstream file(only_file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file.put('!');
  }

  int made_ = 0;
};

TEST_F(Cache, IsMadeOnceForAKey) {
  EXPECT_TRUE(at::equal(get(), content()));
  EXPECT_TRUE(at::equal(get(), content()));
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(only_file().filename(), "squares-0123456789abcdef.bin");
  EXPECT_TRUE(at::equal(get("another"), content()));
  EXPECT_EQ(made_, 2);
  get("0123456789abcdefBUT NOT THE SAME");  // the name is
  EXPECT_EQ(made_, 3);
}

TEST_F(Cache, DamagedItIsMadeAgain) {
  get();
  const auto size = static_cast<std::int64_t>(fs::file_size(only_file()));
  for (const std::int64_t at :
       {std::int64_t{3}, std::int64_t{4096}, std::int64_t{5000000}, size - 1}) {
    bend(at);
    const auto before = made_;
    EXPECT_TRUE(at::equal(get(), content())) << at;
    EXPECT_EQ(made_, before + 1) << at;
  }
  fs::resize_file(only_file(), static_cast<std::uintmax_t>(size - 1));
  get();
  std::ofstream(only_file()) << "";
  EXPECT_TRUE(at::equal(get(), content()));
  EXPECT_EQ(made_, 7);
}

TEST_F(Cache, WhatIsWrittenIntoItStaysInTheProcess) {
  get();
  get().fill_(0);
  EXPECT_TRUE(at::equal(get(), content()));
  EXPECT_EQ(made_, 1);
}

TEST_F(Cache, AFailureLeavesNothingBehind) {
  EXPECT_THROW(
      cached(place_.string(), "x", "key", kShape, at::kFloat, [](Tensor&) { throw Error("no"); }),
      Error);
  EXPECT_TRUE(fs::is_empty(place_));
}

TEST_F(Cache, WithoutAFolderTheTensorIsInMemory) {
  EXPECT_TRUE(at::equal(get("key", "/dev/null/nowhere"), content()));
  EXPECT_TRUE(at::equal(cached("", "x", "key", {2}, at::kByte, [](Tensor& all) { all.fill_(7); }),
                        at::full({2}, 7, at::kByte)));
}

TEST_F(Cache, LiesBesideTheDataOrWhereTheUserKeepsCaches) {
  EXPECT_EQ(cache_folder((place_ / "set").string()), (place_ / "ktbench-cache").string());
  const auto* before = std::getenv("XDG_CACHE_HOME");
  const std::string kept = before == nullptr ? "" : before;
  setenv("XDG_CACHE_HOME", (place_ / "home").c_str(), 1);
  EXPECT_EQ(cache_folder("/usr/share/set"), (place_ / "home/ktbench").string());
  EXPECT_EQ(cache_folder("/nowhere/set"), (place_ / "home/ktbench").string());
  if (before == nullptr)
    unsetenv("XDG_CACHE_HOME");
  else
    setenv("XDG_CACHE_HOME", kept.c_str(), 1);
}

TEST_F(Cache, KeysTellTheirPartsApart) {
  write_text("a", "one");
  const auto path = (place_ / "a").string();
  const auto key = [&] { return CacheKey().file(path).hex(); };
  const auto first = key();
  EXPECT_EQ(key(), first);
  write_text("a", "three");
  EXPECT_NE(key(), first);
  EXPECT_NE(CacheKey().text("ab").text("c").hex(), CacheKey().text("a").text("bc").hex());
  EXPECT_THAT(complaint([&] { CacheKey().file(path + "b"); }), HasSubstr(path + "b"));
}

// ---- Tables of pictures

class PictureTable : public DataPlace {
 protected:
  PictureTable() {
    for (int i = 0; i < 12; ++i) add(i, i);
  }
  void add(int number, int red) {
    write("set/" + std::to_string(number) + ".jpg",
          plain_png(4, static_cast<std::uint8_t>(red), 2, 3));
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    for (int i = 0; i < 12; ++i)
      all.push_back((place_ / "set" / (std::to_string(i) + ".jpg")).string());
    return all;
  }
  Tensor table(std::int64_t size = 4, const std::string& fit = "cut") const {
    Options options({{"size", size}, {"fit", fit}});
    return picture_table(PictureReader(options, 64, "cut"), paths(), "reds");
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(place_ / "ktbench-cache"))
      count += entry.path().filename().string().starts_with("reds-");
    return count;
  }
};

TEST_F(PictureTable, HoldsEveryPictureInTheHarnessesOrder) {
  const auto all = table();
  EXPECT_EQ(all.sizes(), (std::vector<std::int64_t>{12, 3, 4, 4}));
  EXPECT_TRUE(all.permute({0, 2, 3, 1}).is_contiguous());
  for (int i = 0; i < 12; ++i) {
    EXPECT_TRUE(all[i][0].eq(i).all().item<bool>());
    EXPECT_TRUE(all[i][1].eq(2).all().item<bool>());
  }
}

TEST_F(PictureTable, IsMadeAnewWhereAPictureOrTheReaderIsAnother) {
  table();
  EXPECT_EQ(files(), 1u);
  table();
  EXPECT_EQ(files(), 1u);
  add(3, 200);
  fs::last_write_time(place_ / "set/3.jpg",
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(table()[3][0][0][0].item<int>(), 200);
  EXPECT_EQ(files(), 2u);
  table(5);
  table(5, "pad");
  EXPECT_EQ(files(), 4u);
}

TEST_F(PictureTable, NamesWhatIsMissingOrDamaged) {
  write_text("set/5.jpg", "JFIF?");
  EXPECT_THAT(complaint([&] { table(); }),
              AllOf(HasSubstr("5.jpg"), HasSubstr("cannot be decoded")));
  for (int i = 2; i < 7; ++i) fs::remove(place_ / "set" / (std::to_string(i) + ".jpg"));
  EXPECT_THAT(complaint([&] { table(); }),
              AllOf(HasSubstr("5 of 12 pictures are missing"), HasSubstr("2.jpg"),
                    HasSubstr("4.jpg"), HasSubstr("...")));
}

}  // namespace
}  // namespace ktb::run
