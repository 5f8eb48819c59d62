#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "app/command.hpp"
#include "app/session.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"

namespace ktb::app {
namespace {

/// `head` beside the first line of a text, the others below it.
void print_block(const char* head, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line); head = "")
    core::print("  {:<8}{}\n", head, line);
}

constexpr std::size_t kShown = 6;  ///< files of a data set that are listed one by one

/// The first few, then how many more there are.
void print_blocks(const char* head, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < std::min(texts.size(), kShown); ++i, head = "")
    print_block(head, texts[i]);
  if (texts.size() > kShown) print_block("", fmt::format("and {} more", texts.size() - kShown));
}

/// A few files, or the folder that holds all of them.
void print_files(const std::vector<core::FileStamp>& files) {
  if (files.size() <= kShown) {
    for (const auto& file : files) print_block("file", file.path);
    return;
  }
  std::string common = files.front().path;
  for (const auto& file : files) {
    const auto& path = file.path;
    const auto differ = std::mismatch(common.begin(), common.end(), path.begin(), path.end());
    common.erase(differ.first, common.end());
  }
  common.resize(common.rfind('/') + 1);
  print_block("files", fmt::format("{} in {}", files.size(), common));
}

void print_dataset(const std::string& name, const core::DatasetAnswer& answer) {
  if (answer.error) {
    core::print("{}  cannot be described\n", name);
    print_block("problem", answer.error->message);
  } else if (!answer.found) {
    core::print("{}  MISSING\n", name);
    print_block("problem", answer.problem);
    print_blocks("wanted", answer.wanted);
    print_blocks("looked", answer.looked);
    if (answer.problem.find(answer.get) == std::string::npos) print_block("get", answer.get);
  } else if (answer.hash == "generated") {
    core::print("{}  generated: made on the spot, not read from files\n", name);
    print_block("get", answer.get);
  } else if (answer.files.empty()) {
    core::print("{}  simulated: it needs no file\n", name);
  } else {
    core::print("{}  found: real data\n", name);
    print_files(answer.files);
    print_block("hash", answer.hash);
  }
}

int data(const Site& site, const std::vector<std::string>& wanted) {
  const auto catalogue = site.catalogue();
  const auto names = wanted.empty() ? catalogue->names("dataset") : wanted;
  if (names.empty())
    throw core::Error(
        "error: no data set plugin in any plugin folder; run scripts/build or name a folder with "
        "--plugins");
  core::DescribeRequest request;
  for (const auto& name : names) {
    const auto plugin = catalogue->find("dataset", name);
    if (!plugin)
      throw core::Error(fmt::format(
          "error: no data set `{}`; `ktbench list datasets` has those there are", name));
    request.datasets[name] = {plugin->name, plugin->preset};
  }
  const auto answers = catalogue->describe(request);
  for (const auto& name : names) print_dataset(name, answers.datasets.at(name));
  return kOk;
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  auto& command =
      *app.add_subcommand("data", "every data set: where it was found, or how to get it");
  const auto site = std::make_shared<Site>();
  const auto names = std::make_shared<std::vector<std::string>>();
  command.add_option("names", *names, "only these");
  site->add_to(command);
  command.callback([=, &action] { action = [=] { return data(*site, *names); }; });
}

}  // namespace ktb::app
