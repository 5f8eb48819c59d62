#include <fmt/format.h>

#include <memory>
#include <sstream>

#include "app/command.hpp"
#include "app/session.hpp"
#include "core/error.hpp"

namespace ktb::app {
namespace {

using core::Json;

/// `head` beside the first line of a text, the others below it.
void print_block(const char* head, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line); head = "")
    fmt::print("  {:<8}{}\n", head, line);
}

void print_blocks(const char* head, const Json& texts) {
  for (const auto& text : texts) {
    print_block(head, text.get<std::string>());
    head = "";
  }
}

void print_dataset(const std::string& name, const Json& answer) {
  if (answer.contains("error")) {
    fmt::print("{}  cannot be described\n", name);
    print_block("problem", answer.at("error").value("message", ""));
  } else if (answer.value("found", false)) {
    fmt::print("{}  found\n", name);
    for (const auto& file : answer.value("files", Json::array()))
      print_block("file", file.value("path", ""));
    print_block("hash", answer.value("hash", ""));
  } else {
    fmt::print("{}  MISSING\n", name);
    print_block("problem", answer.value("problem", ""));
    print_blocks("wanted", answer.value("wanted", Json::array()));
    print_blocks("looked", answer.value("looked", Json::array()));
    print_block("get", answer.value("get", ""));
  }
}

int data(const Site& site, const std::vector<std::string>& wanted) {
  const auto catalogue = site.catalogue();
  const auto names = wanted.empty() ? catalogue->names("dataset") : wanted;
  if (names.empty())
    throw core::Error(
        "error: no data set plugin in any plugin folder; run scripts/build or name a folder with "
        "--plugins");
  Json request = {{"datasets", Json::object()}};
  for (const auto& name : names) {
    const auto plugin = catalogue->find("dataset", name);
    if (!plugin)
      throw core::Error(fmt::format(
          "error: no data set `{}`; `ktbench list datasets` has those there are", name));
    request["datasets"][name] = {{"plugin", plugin->name}, {"options", plugin->preset}};
  }
  const Json answers = catalogue->describe(request);
  for (const auto& name : names) print_dataset(name, answers.at("datasets").at(name));
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
