#include <fmt/format.h>

#include <memory>

#include "app/command.hpp"
#include "app/session.hpp"
#include "core/error.hpp"

namespace ktb::app {
namespace {

using core::Json;

void print_dataset(const std::string& name, const Json& answer) {
  if (answer.contains("error")) {
    fmt::print("{:<16} {}\n", name, answer.at("error").value("message", ""));
    return;
  }
  if (answer.value("found", false)) {
    fmt::print("{:<16} found   {}\n", name, answer.value("hash", ""));
    for (const auto& file : answer.value("files", Json::array()))
      fmt::print("{:<16}         {}\n", "", file.value("path", ""));
    return;
  }
  fmt::print("{:<16} MISSING {}\n", name, answer.value("problem", ""));
  for (const char* part : {"wanted", "looked"})
    for (const auto& line : answer.value(part, Json::array()))
      fmt::print("{:<16}         {:<7} {}\n", "", part, line.get<std::string>());
  std::istringstream get(answer.value("get", ""));
  const char* head = "get";
  for (std::string line; std::getline(get, line); head = "")
    fmt::print("{:<16}         {:<7} {}\n", "", head, line);
}

int data(const Site& site, const std::vector<std::string>& wanted) {
  const auto catalogue = site.catalogue();
  const auto names = wanted.empty() ? catalogue->names("dataset") : wanted;
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
