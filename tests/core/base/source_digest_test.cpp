// The hash that stands in every key, by the tool that the build runs, on a copy of the real tree.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/version.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::MatchesRegex;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + " is missing");
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// What the tool prints; "failed" where it does not end well.
std::string digest(const fs::path& harness) {
  const std::string command = KTB_BIN_DIR "/source_digest " + harness.string() + " 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 64> line{};
  const bool any = fgets(line.data(), line.size(), pipe) != nullptr;
  if (pclose(pipe) != 0 || !any) return "failed";
  const std::string text = line.data();
  return text.substr(0, text.find('\n'));
}

/// A tree of its own in which one file decides numbers.
class SourceDigest : public testing::Test {
 protected:
  SourceDigest() { write(folder_.path() / "tools" / "numerics.txt", "# a comment\nsdk\n"); }

  std::string of(const std::string& code) const {
    write(folder_.path() / "sdk" / "a.cpp", code);
    return digest(folder_.path());
  }

  const TemporaryFolder folder_;
};

TEST_F(SourceDigest, CommentsAndWhiteSpaceDoNotCount) {
  const std::string plain = of("#define A(x) x\nint f(int a) { return a + 1; }\n");
  EXPECT_THAT(plain, MatchesRegex("[0-9a-f]{12}"));
  for (const char* same : {
           "#define A(x) x\nint f(int a) { return a + 1; }  // one more\n",
           "#define A(x) x  // a macro\nint f(int a) { return a + 1; }\n",
           "/* \"a\n * 'b\n */ #define A(x) x\n\n\nint  f(int a)\n{\n  return a + 1;\n}\n",
           "#define A(x) x\r\nint f(int a) { return a + 1; }\r\n",
           "#define A(x) x\nint/**/f( int a ){return a + 1;}",
           "#define A(x) x\n// goes on \\\nint g();\nint f(int a) { return a + 1; }\n",
           "#define A(x) \\\nx\nint f(int a) { ret\\\nurn a + 1; }\n",
       })
    EXPECT_EQ(of(same), plain) << same;
  for (const char* other : {
           "#define A (x) x\nint f(int a) { return a + 1; }\n",
           "#define A(x) x\nint f(int a) { return a + 2; }\n",
           "#define A(x) x\nint f(int a) { return a + +1; }\n",
           "#define A(x) x int f(int a) { return a + 1; }\n",
           "#define A(x) x\n",
       })
    EXPECT_NE(of(other), plain) << other;
}

TEST_F(SourceDigest, LiteralsCountToTheLastBlank) {
  const auto differ = [&](const char* one, const char* other) {
    EXPECT_NE(of(one), of(other)) << one << "\n" << other;
  };
  differ(R"(auto s = "a b";)", R"(auto s = "a  b";)");
  differ(R"(auto s = "a // b";)", R"(auto s = "a // c";)");
  differ(R"(auto s = "\" // b";)", R"(auto s = "\" // c";)");
  differ(R"(auto c = '"'; auto d = " // x";)", R"(auto c = '"'; auto d = " // y";)");
  differ(R"(auto c = '\''; auto d = ' ';)", R"(auto c = '\''; auto d = '\t';)");
  differ("auto s = R\"x( // a )\" )x\";", "auto s = R\"x( // b )\" )x\";");
  differ("auto s = u8R\"(a\n// b)\";", "auto s = u8R\"(a\n// c)\";");
  differ("auto n = 1'000 + f(' ');", "auto n = 1'000 + f('  ');");
  differ("auto n = 0x1'0 + 'a';", "auto n = 0x1'0 + 'b';");
  differ("else x;", "elsex;");
  differ("a - -b;", "a --b;");
}

TEST_F(SourceDigest, WhatFollowsALiteralIsCodeAgain) {
  const auto same = [&](const char* one, const char* other) {
    EXPECT_EQ(of(one), of(other)) << one << "\n" << other;
  };
  same("auto n = 1'000;  // it's", "auto n = 1'000;");
  same("auto s = R\"(\")\";  // a", "auto s = R\"(\")\";");
  same("auto s = FOOR\"(\" /* ) */ ;", "auto s = FOOR\"(\";");
  same("auto c = u8'\\'';  // '", "auto c = u8'\\'';");
  same("#error don't\nint a;  // b", "#error don't\nint a;");
}

TEST_F(SourceDigest, NamesOfFilesCountAndWhatIsListedMustBeThere) {
  const std::string before = of("int a;");
  fs::rename(folder_.path() / "sdk/a.cpp", folder_.path() / "sdk/b.cpp");
  EXPECT_NE(digest(folder_.path()), before);
  write(folder_.path() / "tools/numerics.txt", "sdk\nrun\n");
  EXPECT_EQ(digest(folder_.path()), "failed");
}

TEST(Build, IsTheHashOfThisTree) {
  EXPECT_EQ(build_hash(), digest(KTB_SOURCE_DIR "/harness")) << "built since the last change?";
}

TEST(Build, ChangesWithWhatDecidesNumbersAndWithNothingElse) {
  const TemporaryFolder folder;
  const fs::path harness = folder.path() / "harness";
  fs::copy(KTB_SOURCE_DIR "/harness", harness, fs::copy_options::recursive);
  const std::string before = digest(harness);
  ASSERT_EQ(before, digest(KTB_SOURCE_DIR "/harness"));
  const auto after = [&](const char* file, const std::string& from, const std::string& to) {
    const std::string text = read(harness / file);
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error(std::string(file) + " lacks " + from);
    write(harness / file, std::string(text).replace(at, from.size(), to));
    const std::string changed = digest(harness);
    write(harness / file, text);
    return changed;
  };
  EXPECT_NE(after("sdk/transfer/losses.cpp", "return ", "return 2 * "), before);
  EXPECT_NE(after("run/train/optimiser.cpp", "return ", "return 2 * "), before);
  EXPECT_NE(after("run/data/example_feed.cpp", "return ", "return 2 * "), before);
  EXPECT_NE(after("run/control/dqn.cpp", "return ", "return 2 * "), before);
  EXPECT_NE(after("tasks/classification.cpp", "return ", "return 2 * "), before);
  EXPECT_NE(after("core/base/seed.cpp", "return ", "return 2 * "), before);
  EXPECT_NE(after("include/ktb/transfer/losses.hpp", ";", ";\nint one_more();"), before);
  EXPECT_EQ(after("include/ktb/transfer/losses.hpp", "#pragma once", "#pragma once\n// A word.\n"),
            before);
  EXPECT_EQ(after("sdk/transfer/losses.cpp", ";\n", ";  // a word\n\n"), before);
  for (const char* file : {"core/table/table.cpp", "core/score/stats.cpp", "app/run.cpp",
                           "launch/local.cpp", "run/kit/method.cpp", "run/check/check.cpp"})
    EXPECT_EQ(after(file, "return ", "return 2 * "), before) << file;
}

/// Files of core that code which decides numbers may include without their deciding any.
const std::set<std::string> kHarmless = {
    "core/base/clock",       "core/base/digest",        "core/base/error",
    "core/base/fields",      "core/base/json",          "core/base/json_file",
    "core/base/plugin_file", "core/base/suggest",       "core/base/text_file",
    "core/base/version",     "core/plan/trial_spec",    "core/plan/union_spec",
    "core/score/metrics",    "core/store/confusion",    "core/store/record",
    "core/store/revision",   "core/store/store",        "core/store/trial_folder",
    "core/store/weights",    "core/base/output/escape", "core/store/comparison"};

TEST(Build, CoversEveryFileOfCoreThatItsCodeCalls) {
  const fs::path harness = KTB_SOURCE_DIR "/harness";
  std::set<std::string> listed;
  std::ifstream list(harness / "tools/numerics.txt");
  for (std::string line; std::getline(list, line);)
    if (!line.empty() && line.front() != '#') listed.insert(line);
  const std::regex include("#include \"(core/[^\"]+)\\.hpp\"");
  const auto check = [&](const fs::path& path) {
    const std::string text = read(path);
    for (std::sregex_iterator found(text.begin(), text.end(), include), end; found != end;
         ++found) {
      const std::string name = (*found)[1];
      const bool counts = listed.contains(name + ".hpp");
      EXPECT_TRUE(counts || kHarmless.contains(name))
          << path << " includes " << name << ".hpp: if it decides numbers, it belongs into "
          << "harness/tools/numerics.txt, else into this test's list";
      EXPECT_TRUE(!counts || !fs::exists(harness / (name + ".cpp")) ||
                  listed.contains(name + ".cpp"))
          << name << ".cpp";
    }
  };
  for (const auto& name : listed) {
    if (!fs::is_directory(harness / name)) check(harness / name);
    if (!fs::is_directory(harness / name)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(harness / name))
      if (entry.is_regular_file()) check(entry.path());
  }
}

}  // namespace
}  // namespace ktb::core
