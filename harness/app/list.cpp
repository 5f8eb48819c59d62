#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "app/command.hpp"
#include "app/session.hpp"
#include "app/suites.hpp"
#include "core/base/output/print.hpp"
#include "core/base/plugin_file.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

std::string preset_text(const core::Json& preset) {
  std::string text;
  for (const auto& [name, value] : preset.items())
    text +=
        fmt::format(" {}={}", name, value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

void list_plugins(const std::vector<core::PluginNote>& notes, const std::string& kind) {
  core::print("{}s\n", kind);
  for (const auto& note : notes) {
    if (note.kind != kind) continue;
    core::print("  {:<20} {}\n", note.name, note.summary);
    for (const auto& alias : note.aliases)
      core::print("  {:<20} {}{}\n", alias.name, note.name, preset_text(alias.preset));
  }
}

void list_suites() {
  core::print("suites\n");
  for (const auto& [name, title] : named_suites()) core::print("  {:<40} {}\n", name, title);
}

int list(const Site& site, const std::string& what) {
  const auto notes = core::find_plugins(core::plugin_dirs(site.plugins));
  for (const char* kind : {"model", "method", "dataset"})
    if (what.empty() || what == std::string(kind) + "s") list_plugins(notes, kind);
  if (what.empty() || what == "suites") list_suites();
  return kOk;
}

}  // namespace

void add_list(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand("list", "models, methods, datasets and suites that are here");
  const auto site = std::make_shared<Site>();
  const auto what = std::make_shared<std::string>();
  command.add_option("what", *what)
      ->check(CLI::IsMember({"models", "methods", "datasets", "suites"}));
  site->add_to(command);
  command.callback([=, &action] { action = [=] { return list(*site, *what); }; });
}

}  // namespace ktb::app
