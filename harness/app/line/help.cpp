#include "app/line/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/line/line.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/base/suggest.hpp"

namespace ktb::app {
namespace {

struct Example {
  const char* line;
  const char* what;
};
using Examples = std::map<std::string, std::vector<Example>>;

const Examples& examples() {
  static const Examples kAll = {
      {"ktbench",
       {{"ktbench list", "what there is to combine"},
        {"ktbench plan quickstart", "what it would train, nothing runs"},
        {"ktbench run quickstart", "train it and print the table"},
        {"ktbench help run", "what `run` takes"}}},
      {"ktbench run",
       {{"ktbench run mine.toml --smoke",
         "two steps of everything: finds faults, measures the cost"},
        {"ktbench run mine.toml -j 4", "four trials at once"},
        {"ktbench run mine.toml --filter kd --set seeds=1",
         "some cells only, with another setting"},
        {"ktbench run mine.toml --quiet > table.txt", "the table alone, and what fails"}}},
      {"ktbench work",
       {{"ktbench work results/work/mine.paper/list --group 1",
         "what a job of an array does: trials of the list until its time is up"}}},
      {"ktbench plan",
       {{"ktbench plan mine.toml", "trials, cost, holes, missing data"},
        {"ktbench plan mine.toml --profile paper --trials", "of another profile, each trial"}}},
      {"ktbench status",
       {{"ktbench status mine.toml", "what has finished, failed, is running"},
        {"ktbench status mine.toml --watch",
         "again every two seconds, until nothing is left to do"}}},
      {"ktbench report",
       {{"ktbench report mine.toml", "all its tables"},
        {"ktbench report mine.toml --table main -o table.tex", "one of them, for LaTeX"},
        {"ktbench report mine.toml -o page.html", "tables, figures and curves as one page"},
        {"ktbench report mine.toml --against ../hers/results", "side by side with other results"}}},
      {"ktbench export",
       {{"ktbench export mine.toml -o trials.csv", "a line a trial"},
        {"ktbench export mine.toml --curves -o curves.jsonl", "a line an epoch"}}},
      {"ktbench list",
       {{"ktbench list", "all of it"}, {"ktbench list methods", "the methods alone"}}},
      {"ktbench show",
       {{"ktbench show mine.toml kd 'r56 -> r20'", "each seed of this cell"},
        {"ktbench show mine.toml kd --seed 1", "one seed of each KD cell"}}},
      {"ktbench why",
       {{"ktbench why mine.toml kd 'r56 -> r20'",
         "which line set what, and what made it run again"}}},
      {"ktbench rerun",
       {{"ktbench rerun mine.toml kd 'r56 -> r20' --seed 0",
         "once more, compared with the first"}}},
      {"ktbench predict",
       {{"ktbench predict mine.toml kd 'r56 -> r20' --input photos -o guesses.csv",
         "of your own pictures"}}},
      {"ktbench deploy",
       {{"ktbench deploy mine.toml kd 'r56 -> r20' -o net.safetensors",
         "weights and their model card"}}},
      {"ktbench clean",
       {{"ktbench clean mine.toml hers.toml", "what neither of them needs: listed"},
        {"ktbench clean mine.toml hers.toml --delete", "and deleted"}}},
      {"ktbench compare", {{"ktbench compare results ../other/results", "trial by trial"}}},
      {"ktbench import",
       {{"ktbench import ../hers/results --dry-run", "what would be taken"},
        {"ktbench import ../hers/results", "and taken"}}},
      {"ktbench data",
       {{"ktbench data", "every data set"},
        {"ktbench data cifar100", "where it is, or how to get it"}}},
      {"ktbench plugin",
       {{"ktbench plugin new method mine", "a folder with a method that builds"},
        {"ktbench plugin show kd", "what it takes, with defaults"}}},
      {"ktbench plugin new",
       {{"ktbench plugin new method mine",
         "then: cd mine && cmake -B build && cmake --build build"}}},
      {"ktbench plugin test",
       {{"ktbench plugin test build/plugins/methods/mine.so", "what must hold for every method"},
        {"ktbench plugin test build/plugins/methods/mine.so --option weight=2",
         "with another value of an option"}}},
      {"ktbench plugin check",
       {{"ktbench plugin check tests/vectors/kd", "values and gradients of the original"}}},
      {"ktbench plugin inspect",
       {{"ktbench plugin inspect build/plugins/methods/mine.so", "does it fit this ktbench?"}}},
      {"ktbench plugin show",
       {{"ktbench plugin show kd resnet", "their options"},
        {"ktbench plugin show --all --kind method --format markdown", "a page of all methods"}}},
      {"ktbench score",
       {{"ktbench score squad dev-v2.0.json predictions.json", "exact match and F1"}}},
      {"ktbench score squad",
       {{"ktbench score squad dev-v2.0.json predictions.json --na-prob na.json",
         "with probabilities that there is no answer"}}},
      {"ktbench score vqa", {{"ktbench score vqa questions.json answers.json --json", "as JSON"}}},
      {"ktbench doctor", {{"ktbench doctor", "cores, memory, LibTorch, plugins, data"}}},
      {"ktbench verify-resume",
       {{"ktbench verify-resume mine.toml --filter kd",
         "does a killed run end as one that was not?"}}},
      {"ktbench completion",
       {{"eval \"$(ktbench completion bash)\"", "now, and for good as a line of ~/.bashrc"},
        {"eval \"$(ktbench completion zsh)\"", "likewise in ~/.zshrc, after compinit"},
        {"ktbench completion fish | source", "likewise in ~/.config/fish/config.fish"}}},
      {"ktbench help", {{"ktbench help plugin new", "the same as ktbench plugin new --help"}}},
  };
  return kAll;
}

std::string text_of(const std::vector<Example>& examples) {
  std::size_t width = 0;
  for (const auto& one : examples) width = std::max(width, std::string(one.line).size());
  std::string text = "Examples:";
  for (const auto& one : examples)
    text += fmt::format("\n  {:<{}}   {}", one.line, width, one.what);
  return text;
}

int help(CLI::App& root, const std::vector<std::string>& words) {
  const Line line = read_line(root, words);
  const auto known = commands_of(*line.command);
  if (!line.words.empty())
    throw core::Error(
        fmt::format("error: {} has no command `{}`{}\n  commands: {}", full_name(*line.command),
                    line.words.front(), core::did_you_mean(line.words.front(), known),
                    known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  const auto formatter = line.command->get_formatter();
  core::print("{}", formatter->make_help(line.command, full_name(*line.command),
                                         CLI::AppFormatMode::Normal));
  return kOk;
}

}  // namespace

void add_help(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand("help", "how a command is called, with examples");
  const auto words = std::make_shared<std::vector<std::string>>();
  command.add_option("command", *words, "its name; without: all of them");
  command.callback([=, &app, &action] { action = [=, &app] { return help(app, *words); }; });
}

void add_examples(CLI::App& app) {
  if (const auto found = examples().find(full_name(app)); found != examples().end()) {
    const std::string before = app.get_footer();
    app.footer((before.empty() ? "" : before + "\n\n") + text_of(found->second));
  }
  for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) add_examples(*command);
}

}  // namespace ktb::app
