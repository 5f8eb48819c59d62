#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "app/command.hpp"
#include "app/plugin_new.hpp"
#include "app/session.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/base/plugin_file.hpp"
#include "core/base/version.hpp"
#include "launch/machine/equipped.hpp"
#include "launch/process.hpp"

namespace ktb::app {
namespace {

/// The worker does it: it may load plugins.
int hand_over(const Site& site, const std::string& verb, const std::vector<std::string>& words) {
  std::vector<std::string> command = {launch::equipped(site.worker()), verb};
  command.insert(command.end(), words.begin(), words.end());
  for (const auto& flag : site.worker_flags()) command.push_back(flag);
  return launch::run_here(command);
}

void add_check(CLI::App& plugin, Action& action) {
  struct Choice {
    Site site;
    std::vector<std::string> cases;
    std::string device = "cpu";
  };
  auto& command = *plugin.add_subcommand("check", "compare plugins with stored tensors");
  const auto choice = std::make_shared<Choice>();
  command.add_option("cases", choice->cases)->required();
  add_device_to(command, choice->device);
  choice->site.add_to(command);
  command.callback([=, &action] {
    action = [=] {
      auto words = choice->cases;
      words.insert(words.end(), {"--device", choice->device});
      return hand_over(choice->site, "check", words);
    };
  });
}

void add_test(CLI::App& plugin, Action& action) {
  struct Choice {
    Site site;
    std::string file, device = "cpu";
    std::vector<std::string> options;
  };
  auto& command = *plugin.add_subcommand("test", "run the conformance kit on a plugin file");
  const auto choice = std::make_shared<Choice>();
  command.add_option("file", choice->file)->required();
  command
      .add_option("--option", choice->options,
                  "NAME=VALUE in the place of an option's default (repeatable)")
      ->allow_extra_args(false);
  add_device_to(command, choice->device);
  choice->site.add_to(command);
  command.callback([=, &action] {
    action = [=] {
      std::vector<std::string> words = {choice->file, "--device", choice->device};
      for (const auto& option : choice->options) words.insert(words.end(), {"--option", option});
      return hand_over(choice->site, "test", words);
    };
  });
}

void add_show(CLI::App& plugin, Action& action) {
  struct Choice {
    Site site;
    std::vector<std::string> names;
    std::string kind, format = "text";
    bool all = false;
  };
  auto& command = *plugin.add_subcommand("show", "options, defaults, help and citation");
  const auto choice = std::make_shared<Choice>();
  auto* names = command.add_option("names", choice->names, "plugins or their aliases");
  command.add_flag("--all", choice->all, "every plugin")->excludes(names);
  command.add_option("--kind", choice->kind, "only these")
      ->check(CLI::IsMember({"method", "model", "dataset"}));
  command.add_option("--format", choice->format, "text or markdown")
      ->check(CLI::IsMember({"text", "markdown"}));
  choice->site.add_to(command);
  command.callback([=, &action] {
    if (choice->names.empty() && !choice->all)
      throw CLI::RequiredError("names of plugins, or --all");
    action = [=] {
      std::vector<std::string> words = choice->names;
      if (choice->all) words.push_back("--all");
      if (!choice->kind.empty()) words.insert(words.end(), {"--kind", choice->kind});
      words.insert(words.end(), {"--format", choice->format});
      return hand_over(choice->site, "show", words);
    };
  });
}

int inspect(const std::string& path) {
  core::PluginNote note;
  try {
    note = core::read_plugin_note(path);
  } catch (const core::Error& error) {
    core::print("{}\n", error.what());
    return kPluginNotLoaded;
  }
  core::print("{} {}\n  file      {}\n  summary   {}\n  citation  {}\n  abi       {}\n", note.kind,
              note.name, path, note.summary, note.citation, note.abi);
  for (const auto& alias : note.aliases)
    core::print("  alias     {} {}\n", alias.name, alias.preset.dump());
  const auto differences = core::abi_differences(note.abi, std::string(core::host_abi()));
  if (differences.empty()) {
    core::print("  fits this ktbench\n");
    return kOk;
  }
  core::print("  does not fit this ktbench; rebuild it\n");
  for (const auto& difference : differences) core::print("    {}\n", difference);
  return kPluginNotLoaded;
}

void add_inspect(CLI::App& plugin, Action& action) {
  auto& command =
      *plugin.add_subcommand("inspect", "what a plugin file says of itself, without loading it");
  const auto path = std::make_shared<std::string>();
  command.add_option("file", *path)->required();
  command.callback([=, &action] { action = [=] { return inspect(*path); }; });
}

void add_new(CLI::App& plugin, Action& action) {
  auto& command =
      *plugin.add_subcommand("new", "write a folder with a plugin that builds and runs");
  const auto request = std::make_shared<NewPlugin>();
  command.add_option("kind", request->kind)
      ->required()
      ->check(CLI::IsMember({"method", "model", "dataset"}));
  command.add_option("name", request->name, "lower-case letters, digits and _")->required();
  command.add_option("folder", request->folder, "default: the name");
  command.callback([=, &action] {
    action = [=] {
      write_plugin(*request);
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace

void add_plugin(CLI::App& app, Action& action) {
  auto& plugin = *app.add_subcommand("plugin", "write, test and inspect plugins");
  plugin.require_subcommand(1);
  add_new(plugin, action);
  add_test(plugin, action);
  add_check(plugin, action);
  add_inspect(plugin, action);
  add_show(plugin, action);
}

}  // namespace ktb::app
