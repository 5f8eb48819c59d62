// docs/methods.md is what the plugins say of themselves.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "app/shell.hpp"

namespace ktb::tests {
namespace {

using testing::HasSubstr;

constexpr auto kShow = "env -u KTBENCH_PLUGIN_PATH " KTB_BIN_DIR "/ktbench plugin show ";

TEST(MethodsPage, IsWhatThePluginsSay) {
  const Outcome found = run_command(std::string(kShow) + "--all --format markdown");
  ASSERT_EQ(found.code, 0) << found.text;
  std::ifstream file(KTB_SOURCE_DIR "/docs/methods.md", std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(page, found.text) << "a plugin changed; renew the page and commit it:\n"
                                 "  cmake --build build --target plugins &&\n"
                                 "  build/bin/ktbench plugin show --all --format markdown > "
                                 "docs/methods.md";
}

TEST(MethodsPage, HoldsOneKindOrOnePlugin) {
  const Outcome kind = run_command(std::string(kShow) + "--all --kind model --format markdown");
  EXPECT_EQ(kind.code, 0);
  EXPECT_THAT(kind.text, HasSubstr("### resnet\n"));
  EXPECT_THAT(kind.text, testing::Not(HasSubstr("### kd\n")));
  const Outcome one = run_command(std::string(kShow) + "kd --format markdown");
  EXPECT_EQ(one.text.substr(0, 6), "## kd\n");
  EXPECT_THAT(one.text, HasSubstr("| `temperature` | `4.0` | at least 0.001 |"));
  EXPECT_THAT(run_command(std::string(kShow) + "resnet56").text, HasSubstr("alias resnet56"));
}

TEST(MethodsPage, NamesOrAllAreWanted) {
  EXPECT_EQ(run_command(kShow).code, 2);
  EXPECT_EQ(run_command(std::string(kShow) + "kd --all").code, 2);
  EXPECT_EQ(run_command(std::string(kShow) + "no_such_plugin").code, 2);
}

}  // namespace
}  // namespace ktb::tests
