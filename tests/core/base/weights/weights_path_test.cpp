#include "core/base/weights/weights_path.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"
#include "temporary_folder.hpp"
#include "variable.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

TEST(WeightsPath, CountsFromTheSuite) {
  const TemporaryFolder own;
  write(own.path() / "net.pth", "x");
  const auto found = find_weights("net.pth", own.path());
  EXPECT_EQ(found.path, (own.path() / "net.pth").string());
  EXPECT_TRUE(found.missing.empty());
  EXPECT_THAT(find_weights("other.pth", own.path()).missing, HasSubstr("`other.pth` not found"));
}

TEST(WeightsPath, FindsModelsInTheCacheOfHuggingFace) {
  const TemporaryFolder own;
  const Variable home("HF_HOME", own.path().string()), hub("HF_HUB_CACHE", "");
  const auto model = own.path() / "hub" / "models--org--net";
  EXPECT_THAT(find_weights("hf:org/net", "/").missing, HasSubstr("hf download org/net"));
  EXPECT_THAT(find_weights("hf:org/net@v2", "/").missing,
              HasSubstr("hf download org/net --revision v2"));
  write(model / "refs" / "main", "abc\n");
  write(model / "snapshots" / "abc" / "model.safetensors", "x");
  EXPECT_EQ(find_weights("hf:org/net", "/").path, (model / "snapshots" / "abc").string());
  EXPECT_EQ(find_weights("hf:org/net@abc", "/").path, (model / "snapshots" / "abc").string());
}

TEST(WeightsPath, FindsFilesInTheCacheOfTorch) {
  const TemporaryFolder own;
  const Variable home("TORCH_HOME", own.path().string());
  write(own.path() / "hub" / "checkpoints" / "net-1234abcd.pth", "x");
  EXPECT_EQ(find_weights("torchvision:net-1234abcd.pth", "/").path,
            (own.path() / "hub/checkpoints/net-1234abcd.pth").string());
  EXPECT_THAT(find_weights("torchvision:no.pth", "/").missing,
              HasSubstr("https://download.pytorch.org/models/no.pth"));
}

TEST(WeightsPath, ListsAllThatDecidesWhatIsLoaded) {
  const TemporaryFolder own;
  const auto folder = own.path() / "net";
  const auto in = [&](const char* name) { return (folder / name).string(); };
  write(folder / "config.json", R"({"hidden_size": 8})");
  EXPECT_EQ(main_weights_file(folder.string()), "");
  write(folder / "pytorch_model.bin", "x");
  EXPECT_THAT(files_of_weights(folder.string()),
              ElementsAre(in("config.json"), in("pytorch_model.bin")));
  write(folder / "model.safetensors.index.json",
        R"({"weight_map": {"a": "1.safetensors", "b": "2.safetensors", "c": "1.safetensors"}})");
  EXPECT_THAT([&] { files_of_weights(folder.string()); },
              ThrowsMessage<Error>(HasSubstr("the shard 1.safetensors is not beside it")));
  write(folder / "1.safetensors", "x");
  write(folder / "2.safetensors", "x");
  EXPECT_THAT(files_of_weights(folder.string()),
              ElementsAre(in("config.json"), in("model.safetensors.index.json"),
                          in("1.safetensors"), in("2.safetensors")));
  EXPECT_THAT(files_of_weights(in("1.safetensors")), ElementsAre(in("1.safetensors")));
  EXPECT_EQ(config_of_weights(folder.string()).at("hidden_size"), 8);
  EXPECT_TRUE(config_of_weights(in("1.safetensors")).is_null());
}

TEST(WeightsPath, AnIndexNamesFilesBesideIt) {
  const TemporaryFolder own;
  const auto index = (own.path() / "x.index.json").string();
  const auto refused = [&](const std::string& text, const std::string& why) {
    write(index, text);
    EXPECT_THAT([&] { shards_of(index); }, ThrowsMessage<Error>(HasSubstr(why))) << text;
  };
  refused("[]", "no `weight_map`");
  refused(R"({"weight_map": {"a": "../x"}})", "names no file beside it for a");
  refused(R"({"weight_map": {"a": 1}})", "names no file beside it for a");
}

}  // namespace
}  // namespace ktb::core
