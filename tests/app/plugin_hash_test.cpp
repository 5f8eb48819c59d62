// What of a plugin file is in the keys of its trials: its code, not how it was built.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/plugin_file.hpp"
#include "core/base/version.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

constexpr const char* kPlugin = KTB_PLUGIN_DIR "/methods/kd.so";

/// Of a copy in which every `from` is `to`, of equal length, with `more` behind the last byte.
std::string hash_with(const std::string& from, const std::string& to,
                      const std::string& more = "") {
  std::ifstream file(kPlugin, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::size_t found = 0;
  for (auto at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + to.size()))
    bytes.replace(at, from.size(), to), ++found;
  EXPECT_GT(found, 0U) << from;
  const TemporaryFolder folder;
  const std::string copy = folder.path() / "kd.so";
  std::ofstream(copy, std::ios::binary) << bytes << more;
  return core::plugin_hash(copy);
}

TEST(PluginHash, IsOfWhatIsLoaded) {
  const std::string before = core::plugin_hash(kPlugin), headers(core::sdk_hash());
  EXPECT_EQ(hash_with(headers, "0123456789ab"), before) << "other public headers, the same code";
  EXPECT_EQ(hash_with(headers, headers, "lines of debug information"), before);
  EXPECT_NE(hash_with("softens both", "hardens both"), before);
}

}  // namespace
}  // namespace ktb::tests
