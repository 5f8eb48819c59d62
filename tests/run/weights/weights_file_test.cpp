#include "run/weights/weights_file.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "ktb/error.hpp"
#include "run/weights/safetensors.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class WeightsFileTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (own_.path() / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  static void expect_refused(const std::string& path, const std::string& why) {
    EXPECT_THAT([&] { open_weights(path); },
                ThrowsMessage<Error>(AllOf(HasSubstr(path), HasSubstr(why))));
  }
  static std::vector<std::string> names_of(const WeightsFile& file) {
    std::vector<std::string> names;
    for (const auto& entry : file.tensors) names.push_back(entry.name);
    return names;
  }
  /// Two shards beside their index.
  void write_shards(const std::string& folder, const std::string& index) const {
    fs::create_directories(path(folder));
    write_safetensors(path(folder + "/model-00001-of-00002.safetensors"),
                      {{{"a", at::arange(6).view({2, 3})}}, {}});
    write_safetensors(path(folder + "/model-00002-of-00002.safetensors"),
                      {{{"b", at::ones({4})}}, {}});
    write(folder + "/" + index, R"({"metadata": {}, "weight_map": {)"
                                R"("a": "model-00001-of-00002.safetensors",)"
                                R"("b": "model-00002-of-00002.safetensors"}})");
  }

 private:
  TemporaryFolder own_;
};

TEST_F(WeightsFileTest, SaysWhatStandsInAFilesPlace) {
  expect_refused(write("lfs.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256"),
                 "a pointer of Git LFS, not the file itself: `git lfs pull`");
  expect_refused(write("page.pth", "\n <!DOCTYPE html><html>Access denied</html>"),
                 "a page of HTML");
  expect_refused(write("empty.safetensors", ""), "empty");
  expect_refused(write("packed.pth", "\x1f\x8b\x08 and so on"), "packed by gzip");
  expect_refused(write("keras.h5", "\x89HDF\r\n and so on"), "HDF5");
  expect_refused(write("words.safetensors", "Not weights at all, and long enough."),
                 "not a safetensors file");
  expect_refused(write("list.json", "[1, 2, 3]"), "not a safetensors file");
  expect_refused(write("config.json", R"({"hidden_size": 8})"), "no index of shards");
  fs::create_directories(path("folder.safetensors"));
  expect_refused(path("folder.safetensors"), "a folder without model.safetensors");
  expect_refused(path("none.pth"), "cannot be read");
}

TEST_F(WeightsFileTest, ReadsShardsAsOneFile) {
  write_shards("net", "model.safetensors.index.json");
  for (const char* name : {"net", "net/model.safetensors.index.json"}) {
    const auto file = open_weights(path(name));
    EXPECT_THAT(names_of(file), ElementsAre("a", "b"));
    EXPECT_TRUE(at::equal(file.tensors[0].read(), at::arange(6).view({2, 3})));
    EXPECT_TRUE(at::equal(file.tensors[1].read(), at::ones({4})));
    EXPECT_NE(file.tensors[0].place, file.tensors[1].place) << "both begin their files";
  }
}

TEST_F(WeightsFileTest, AShardAloneNamesItsIndex) {
  write_shards("net", "model.safetensors.index.json");
  EXPECT_THAT(open_weights(path("net/model-00002-of-00002.safetensors")).hint,
              HasSubstr("is shard 2 of 2: name the index"));
  EXPECT_EQ(open_weights(path("net")).hint, "");
  fs::remove(path("net/model-00002-of-00002.safetensors"));
  expect_refused(path("net"), "the shard model-00002-of-00002.safetensors is not beside it");
}

TEST_F(WeightsFileTest, ALengthMayBeginLikeAnotherFile) {
  // Headers whose lengths begin with the first byte of a pickle, of HTML and of JSON.
  for (const int length : {0x180, 0x13c, 0x17b}) {
    std::string header = R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
    header.resize(static_cast<std::size_t>(length), ' ');
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(length), bytes[1] = static_cast<char>(length >> 8);
    EXPECT_THAT(names_of(open_weights(write("w.safetensors", bytes + header + "\7"))),
                ElementsAre("w"));
  }
}

}  // namespace
}  // namespace ktb::run
