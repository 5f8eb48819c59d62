#include "core/base/plugin_file.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "core/base/error.hpp"
#include "core/base/version.hpp"

namespace ktb::core {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

PluginNote note(const std::string& kind, const std::string& name, std::vector<Alias> aliases = {}) {
  PluginNote made;
  made.kind = kind;
  made.name = name;
  made.path = name + ".so";
  made.aliases = std::move(aliases);
  return made;
}

const std::vector<PluginNote> kNotes = {
    note("method", "kd"),
    note("model", "net", {{"small", {{"depth", 2}}}, {"plain", Json::object()}}),
    note("model", "plain"),
};

TEST(PluginNames, LeadToThePluginAndItsPreset) {
  const auto [net, preset] = find_plugin(kNotes, "model", "small");
  EXPECT_EQ(net, &kNotes[1]);
  EXPECT_EQ(preset, Json({{"depth", 2}}));
  EXPECT_EQ(find_plugin(kNotes, "model", "net").preset, Json::object());
  EXPECT_EQ(find_plugin(kNotes, "model", "kd").note, nullptr);
}

TEST(PluginNames, APluginsOwnGoBeforeAliases) {
  EXPECT_EQ(find_plugin(kNotes, "model", "plain").note, &kNotes[2]);
}

TEST(PluginNames, AreListedOnce) {
  EXPECT_THAT(plugin_names(kNotes, "model"), ElementsAre("net", "plain", "small"));
}

TEST(PluginAbi, OfAnotherBuildIsRefusedWithBothValues) {
  PluginNote other = note("method", "kd");
  other.abi = "torch=1.0";
  EXPECT_THAT([&] { check_abi(other); },
              testing::ThrowsMessage<PluginError>(AllOf(
                  HasSubstr("cannot load plugin `kd` (kd.so)"),
                  HasSubstr("torch: plugin 1.0, this ktbench"), HasSubstr("--target method_kd"))));
  other.abi = host_abi();
  EXPECT_NO_THROW(check_abi(other));
}

TEST(PluginAbi, IsNotTheCompilers) {
  std::istringstream words{std::string(host_abi())};
  std::vector<std::string> fields;
  for (std::string word; words >> word;) fields.push_back(word.substr(0, word.find('=')));
  EXPECT_THAT(fields, ElementsAre("sdk", "torch", "cxx11abi", "std", "ndebug", "asan"));
}

}  // namespace
}  // namespace ktb::core
