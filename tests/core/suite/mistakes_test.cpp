// What a newcomer gets wrong, one mistake for each key, axis, reference and file of the grammar,
// and what she is told: tests/golden/mistakes. `suite.toml` is right; each case of `cases.txt`
// names its mistake, then what is changed (`-` to `+`), then what the program says.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/error.hpp"
#include "core/base/text_file.hpp"
#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/suite/read_suite.hpp"
#include "core/table/published.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;

const fs::path kMistakes = fs::path(KTB_SOURCE_DIR) / "tests/golden/mistakes";

struct Mistake {
  std::string name, before, after, told;
};

void add(std::string& text, const std::string& line) { text += (text.empty() ? "" : "\n") + line; }

std::vector<Mistake> mistakes() {
  std::vector<Mistake> all;
  std::istringstream lines(read_text(kMistakes / "cases.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("== "))
      all.push_back({line.substr(3), "", "", ""});
    else if (line.starts_with("- "))
      add(all.back().before, line.substr(2));
    else if (line.starts_with("+ "))
      add(all.back().after, line.substr(2));
    else if (!line.empty())
      all.back().told += line + "\n";
  }
  return all;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

std::string prefixed(const char* sign, const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += sign + line + "\n";
  return out;
}

class Newcomer : public testing::Test {
 protected:
  /// What `ktbench plan` prints of a suite that is not as it should be; empty: all is well.
  std::string told(const std::string& text) const {
    const fs::path path = folder_ / "suite.toml";
    std::ofstream(path) << text;
    FakeCatalogue catalogue = full_catalogue();
    std::string said;
    try {
      const Suite suite = read_suite(path);
      const Plan plan = make_plan(suite, catalogue, {});
      for (const auto& missing : plan.missing) said += "error: " + missing.message + "\n";
      for (const auto& warning : plan.warnings) said += "note    " + warning + "\n";
      for (const auto& note : check_published(suite, folder_ / "results"))
        said += "note    " + note + "\n";
    } catch (const Error& error) {
      said = std::string(error.what()) + "\n";
    }
    return replaced(said, folder_.string() + "/", "");
  }

  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

TEST_F(Newcomer, IsToldOfEachMistakeItsFileLineCauseAndCure) {
  const std::string suite = read_text(kMistakes / "suite.toml");
  std::ofstream(folder_ / "base.toml") << suite;  // what one may extend
  fs::create_directories(folder_ / "results/published");
  std::ofstream(folder_ / "results/published/repdistiller.toml") << "";
  const std::string usual = told(suite);  // a note on how small its validation is
  std::string now;
  for (const auto& mistake : mistakes()) {
    SCOPED_TRACE(mistake.name);
    ASSERT_NE(suite.find(mistake.before), suite.npos);
    std::string wrong = suite;
    wrong.replace(suite.find(mistake.before), mistake.before.size(), mistake.after);
    const std::string said = replaced(told(wrong), usual, "");
    EXPECT_EQ(said, mistake.told);
    EXPECT_THAT(said, ContainsRegex("suite\\.toml:[0-9]+|line [0-9]+|its first line"));
    now += "== " + mistake.name + "\n" + prefixed("- ", mistake.before) +
           prefixed("+ ", mistake.after) + said + "\n";
  }
  // To be looked at, and to be taken where it is better than what stands there.
  std::ofstream(fs::path(KTB_BUILD_DIR) / "mistakes.txt") << now;
}

}  // namespace
}  // namespace ktb::core
