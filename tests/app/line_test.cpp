// The command line itself: what a shell may complete, what help shows, and what is said to a word
// that is none.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "app/shell.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<std::string>;

constexpr auto kProgram = KTB_BIN_DIR "/ktbench";

constexpr auto kSuite = R"(ktbench = 1
title = "Mine"
datasets = "images"
methods = ["scratch", "kd"]
[dataset.images]
plugin = "fashion_mnist"
[model]
wide = { plugin = "mlp", width = 32 }
narrow = { plugin = "mlp", width = 16 }
[grid.all]
pairs = ["wide -> narrow"]
[table.main]
[table.more]
[profile.quick]
seeds = 1
)";

Words lines_of(const std::string& text) {
  Words lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class CommandLine : public testing::Test {
 protected:
  CommandLine() { std::ofstream(folder_ / "mine.toml") << kSuite; }

  Outcome run(const std::string& words) const {
    return run_command("cd " + folder_.string() + " && " + kProgram + " " + words);
  }
  /// What the last of the words could become, without what it is.
  Words completed(const std::string& words) const {
    Words found = lines_of(run("complete fish " + words).text);
    for (auto& line : found) line = line.substr(0, line.find('\t'));
    return found;
  }
  Words completed_by_bash(const std::string& line) const {
    return lines_of(run("complete bash \"" + line + "\"").text);
  }

  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

TEST_F(CommandLine, CommandsOptionsAndTheirValuesAreCompleted) {
  EXPECT_THAT(completed("re"), ElementsAre("report", "rerun"));
  EXPECT_THAT(completed("plugin ''"), ElementsAre("new", "test", "check", "inspect", "show"));
  EXPECT_THAT(completed("plugin new ''"), ElementsAre("method", "model", "dataset"));
  EXPECT_THAT(completed("run mine.toml --sm"), ElementsAre("--smoke"));
  EXPECT_THAT(completed("run mine.toml --device ''"), ElementsAre("cpu", "cuda", "mock"));
  EXPECT_THAT(completed("run mine.toml --device=c"), ElementsAre("--device=cpu", "--device=cuda"));
  EXPECT_THAT(completed("run mine.toml --jobs ''"), IsEmpty());
  EXPECT_THAT(completed("help plugin t"), ElementsAre("test"));
  EXPECT_THAT(run("complete zsh ru").text, StartsWith("run\ttrain what"));
}

TEST_F(CommandLine, SoIsWhatASuiteDefines) {
  EXPECT_THAT(completed("run ''"), Contains("mine.toml"));
  EXPECT_THAT(run("complete fish run mi").text, "mine.toml\tMine\n");
  EXPECT_THAT(completed("run mine.toml --profile ''"), ElementsAre("paper", "quick"));
  EXPECT_THAT(completed("report mine.toml --table m"), ElementsAre("main", "more"));
  EXPECT_THAT(completed("run mine.toml --filter k"), ElementsAre("kd"));
  EXPECT_THAT(completed("why mine.toml ''"),
              ElementsAre("kd", "scratch", "wide -> narrow", "images"));
  EXPECT_THAT(completed("why mine.toml kd w"), ElementsAre("wide -> narrow"));
  std::ofstream(folder_ / "mine.toml") << "half of a li";
  EXPECT_THAT(completed("report mine.toml --table ''"), IsEmpty());
}

TEST_F(CommandLine, SoAreDataSetsAndPlugins) {
  EXPECT_THAT(completed("data fashion"), ElementsAre("fashion_mnist"));
  EXPECT_THAT(completed("plugin show dk"), Contains("dkd"));
  EXPECT_THAT(completed("data dk"), IsEmpty());
}

TEST_F(CommandLine, BashGetsWordsAsItQuotesThem) {
  EXPECT_THAT(completed_by_bash("ktbench run mine.toml --dev"), ElementsAre("--device"));
  EXPECT_THAT(completed_by_bash("build/bin/ktbench run mine.toml --device=c"),
              ElementsAre("cpu", "cuda"));
  EXPECT_THAT(completed_by_bash("ktbench why mine.toml w"), ElementsAre("'wide -> narrow'"));
  EXPECT_THAT(completed_by_bash("ktbench why mine.toml 'wide -"), ElementsAre("wide -> narrow"));
}

TEST_F(CommandLine, TheScriptsWorkInTheirShells) {
  const std::string path = "PATH=" KTB_BIN_DIR ":$PATH ";
  const auto bash = run_command("cd " + folder_.string() + " && " + path +
                                "bash -c 'eval \"$(ktbench completion bash)\"; "
                                "COMP_LINE=\"ktbench run mine.toml --dev\"; COMP_POINT=27; "
                                "_ktbench ktbench; echo \"${COMPREPLY[@]}\"; complete -p ktbench'");
  EXPECT_THAT(bash.text, StartsWith("--device\n"));
  EXPECT_THAT(bash.text, HasSubstr("-F _ktbench"));
  if (run_command("fish --version").code == 0) {
    EXPECT_THAT(run_command("cd " + folder_.string() + " && " + path +
                            "fish -c 'ktbench completion fish | source; "
                            "complete -C \"ktbench report mine.toml --table m\"'")
                    .text,
                AllOf(HasSubstr("main"), HasSubstr("more"), Not(HasSubstr("mine.toml"))));
  }
  if (run_command("zsh --version").code == 0) {
    EXPECT_EQ(run_command(path + "zsh -fc 'autoload -U compinit; compinit -u -d /dev/null; "
                                 "eval \"$(ktbench completion zsh)\"; echo $_comps[ktbench]'")
                  .text,
              "_ktbench\n");
  }
}

/// Each command of `ktbench help`, and those below it.
Words commands(const std::string& below = "") {
  Words all;
  const auto help = run_command(std::string(kProgram) + " help" + below).text;
  bool listed = false;
  for (const auto& line : lines_of(help)) {
    if (line == "Subcommands:") {
      listed = true;
    } else if (!line.starts_with("  ")) {
      listed = false;
    } else if (listed && line[2] != ' ') {
      all.push_back(below + " " + line.substr(2, line.find(' ', 2) - 2));
      const Words inner = commands(all.back());
      all.insert(all.end(), inner.begin(), inner.end());
    }
  }
  return all;
}

/// Words of a shell's line, without their quotes, up to what is no longer this command.
Words words_of(const std::string& line) {
  Words words;
  std::string word;
  bool quoted = false;
  for (const char c : line + " ") {
    if (c == '\'')
      quoted = !quoted;
    else if (c != ' ' || quoted)
      word += c;
    else if (!word.empty())
      words.push_back(std::exchange(word, ""));
  }
  return {words.begin(), std::find_if(words.begin(), words.end(), [](const std::string& one) {
            return one == ">" || one == "|" || one == "&&";
          })};
}

TEST_F(CommandLine, EveryHelpHasExamplesWhoseWordsExist) {
  const Words all = commands();
  EXPECT_THAT(all, AllOf(Contains(" run"), Contains(" plugin new"), Contains(" score vqa")));
  for (const auto& command : all) {
    const auto help = run("help" + command);
    ASSERT_EQ(help.code, 0) << help.text;
    EXPECT_EQ(help.text, run(command.substr(1) + " --help").text) << command;
    const auto at = help.text.find("\nExamples:\n");
    ASSERT_NE(at, std::string::npos) << command;
    for (const auto& line : lines_of(help.text.substr(at + 11))) {
      if (!line.starts_with("  ktbench ")) continue;
      const Words words = words_of(line.substr(10, line.find("   ", 10) - 10));
      std::string before;
      for (const auto& word : words) {
        if (word.starts_with("--")) {
          EXPECT_THAT(completed(before + word), Contains(word)) << line;
        }
        before += "'" + word + "' ";
      }
      EXPECT_THAT((" " + words.front()), testing::AnyOfArray(all)) << line;
    }
  }
}

TEST_F(CommandLine, AWordThatIsNoneHasANearestOne) {
  const auto told = [&](const std::string& words) {
    const auto [code, text] = run(words);
    EXPECT_EQ(code, 2) << words;
    return text;
  };
  EXPECT_THAT(told("rnu mine.toml"),
              StartsWith("error: ktbench has no command `rnu` (did you mean `run`?)"));
  EXPECT_THAT(
      told("run mine.toml --smok"),
      AllOf(StartsWith("error: ktbench run has no option `--smok` (did you mean `--smoke`?)"),
            HasSubstr("`ktbench run --help`")));
  EXPECT_THAT(told("plugin shwo kd"),
              HasSubstr("ktbench plugin has no command `shwo` (did you mean `show`?)"));
  EXPECT_THAT(told("report mine.toml --jobs 2"), HasSubstr("it belongs to run, plan"));
  EXPECT_THAT(told("--jobs 2 run mine.toml"), HasSubstr("stands behind that word"));
  EXPECT_THAT(told("run mine.toml --device cud"), HasSubstr("(did you mean `cuda`?)"));
  EXPECT_THAT(told("help rnu"), HasSubstr("did you mean `run`?"));
  EXPECT_THAT(told("plugin"), HasSubstr("wants one of its commands: new, test"));
  EXPECT_THAT(told("run"), HasSubstr("suite is required"));
  EXPECT_THAT(
      told("run mien.toml"),
      HasSubstr("mien.toml: error: no such file, or not readable (did you mean `mine.toml`?)"));
  EXPECT_THAT(told(""), HasSubstr("Examples:"));
}

}  // namespace
}  // namespace ktb::tests
