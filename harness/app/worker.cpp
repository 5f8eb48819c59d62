// ktbench-worker: everything that needs LibTorch, one trial a process. Its commands are the
// contract between `ktbench` and itself, docs/contracts.md.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>

#include "app/worker_signals.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/output/escape.hpp"
#include "core/base/output/print.hpp"
#include "core/base/plugin_file.hpp"
#include "core/base/system/shelf.hpp"
#include "core/base/text_file.hpp"
#include "core/store/trial_folder.hpp"
#include "launch/serve/server.hpp"
#include "run/check/check.hpp"
#include "run/kit/conformance.hpp"
#include "run/plugins/describe.hpp"
#include "run/plugins/show.hpp"
#include "run/predict/predict.hpp"
#include "run/stay/traces.hpp"
#include "run/train/cuda_module.hpp"
#include "run/train/host.hpp"
#include "run/train/trial.hpp"

namespace {

using ktb::core::Json;
using ktb::run::Registry;

/// What a process keeps for trials that it runs after one another, or that it forks.
struct Kept {
  ktb::core::Shelf shelf;                  ///< of decoded data
  std::optional<ktb::run::Traces> traces;  ///< once a device is set up
};

struct Arguments {
  std::vector<std::string> plugins, data_dirs, names, options;
  std::string device = "cpu", format = "text", kind, input, output;
  int threads = 0;
  bool all = false;
  ktb::run::CheckpointPlan checkpoints;
  Kept* kept = nullptr;  ///< none: of this trial only
};

/// Standard output, for an answer alone: what libraries and plugins print meanwhile, such as oneDNN
/// where ONEDNN_VERBOSE is set, goes to standard error.
class AnswerFile {
 public:
  AnswerFile() : file_(::fdopen(::dup(STDOUT_FILENO), "w")) {
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
  }
  AnswerFile(const AnswerFile&) = delete;
  AnswerFile& operator=(const AnswerFile&) = delete;
  ~AnswerFile() { std::fclose(file_); }

  void give(const std::string& text) { std::fwrite(text.data(), 1, text.size(), file_); }

 private:
  FILE* file_;
};

Registry registry(const Arguments& arguments) {
  return Registry(ktb::core::plugin_dirs(arguments.plugins));
}

ktb::core::TrialSpec spec_of(const ktb::core::TrialFolder& folder) {
  return ktb::core::trial_spec_from_json(
      ktb::core::parse_json(ktb::core::read_text(folder.spec()), folder.spec().string()));
}

int run_trial(const Arguments& arguments) {
  const ktb::core::TrialFolder folder(std::filesystem::absolute(arguments.names.at(0)));
  const auto spec = spec_of(folder);
  const auto device = ktb::run::set_up_process(arguments.device, arguments.threads);
  auto* const kept = arguments.kept;
  if (kept != nullptr && !device.is_cpu() && !kept->traces) kept->traces.emplace(device);
  const ktb::run::Place place{folder, arguments.data_dirs, device, arguments.checkpoints,
                              kept == nullptr ? nullptr : &kept->shelf};
  auto plugins = registry(arguments);
  const auto record = ktb::run::run_trial(spec, place, plugins, ktb::app::stop_requested());
  if (!record.reason.empty()) std::cerr << record.reason << "\n";
  return record.ok() ? 0 : 1;
}

int predict(const Arguments& arguments) {
  AnswerFile answer;
  const ktb::core::TrialFolder folder(std::filesystem::absolute(arguments.names.at(0)));
  const auto spec = spec_of(folder);
  const ktb::run::Place place{folder, arguments.data_dirs,
                              ktb::run::set_up_process(arguments.device, arguments.threads)};
  auto plugins = registry(arguments);
  std::ostringstream text;
  ktb::run::predict(spec, place, plugins, arguments.input, text);
  if (arguments.output.empty())
    answer.give(text.str());
  else
    ktb::core::write_atomically(arguments.output, text.str());
  return 0;
}

int describe(const Arguments& arguments) {
  AnswerFile answer;
  ktb::run::set_up_process("cpu", 1);
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  auto plugins = registry(arguments);
  const Json json = ktb::core::parse_json(text, "request");
  const auto request = ktb::core::read_json<ktb::core::DescribeRequest>({json, "request"});
  auto answers = ktb::run::describe(request, plugins, arguments.data_dirs);
  answers.build = ktb::run::build();
  answer.give(ktb::core::json_text(ktb::core::write_json(answers)) + "\n");
  return 0;
}

bool named(const ktb::core::PluginNote& note, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return note.preset(name).has_value(); });
}

/// What a GPU makes of a method's steps, seen on the device that stands for one. Empty: without it
/// nothing is known.
std::string captured(const ktb::core::PluginNote& note, Registry& plugins) {
  if (note.kind != "method") return "";
  try {
    const auto device = ktb::run::set_up_process("mock", 1);
    const auto told = ktb::run::recorded(plugins, note.name, device);
    return told.empty() ? "" : "  captured on a GPU: " + told + "\n";
  } catch (const std::exception&) {
    return "";
  }
}

int show(const Arguments& arguments) {
  auto plugins = registry(arguments);
  const bool markdown = arguments.format == "markdown";
  if (arguments.all && markdown) {
    ktb::core::print("{}", ktb::run::show_page(plugins, arguments.kind));
    return 0;
  }
  bool found = false;
  const auto notes = plugins.notes();
  for (const auto& note : notes) {
    if (!arguments.kind.empty() && note.kind != arguments.kind) continue;
    if (!arguments.all && !named(note, arguments.names)) continue;
    ktb::core::print(
        "{}", markdown ? ktb::run::show_markdown(note, plugins, 2) : ktb::run::show(note, plugins));
    if (!markdown && !arguments.all) ktb::core::print("{}", captured(note, plugins));
    found = true;
  }
  if (found) return 0;
  std::cerr << "there is no such plugin; `ktbench list` names them\n";
  return 2;
}

int host(const Arguments& arguments) {
  AnswerFile answer;
  const auto device = ktb::run::set_up_process(arguments.device, arguments.threads);
  auto told = ktb::run::host(device);
  if (device.is_cuda()) told["device_memory_mib"] = ktb::run::cuda_module().memory_mib();
  answer.give(ktb::core::json_text(told, 1) + "\n");
  return 0;
}

int check(const Arguments& arguments) {
  const auto device = ktb::run::set_up_process(arguments.device, arguments.threads);
  auto plugins = registry(arguments);
  return ktb::run::check(plugins, arguments.names, std::cout, device);
}

int test(const Arguments& arguments) {
  const auto device = ktb::run::set_up_process(arguments.device, arguments.threads);
  auto plugins = registry(arguments);
  Json options = Json::object();
  for (const auto& option : arguments.options) {
    const auto at = option.find('=');
    if (at == std::string::npos)
      throw ktb::core::Error("--option wants NAME=VALUE, not `" + option + "`");
    const std::string text = option.substr(at + 1);
    const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    options[option.substr(0, at)] = value.is_discarded() ? Json(text) : value;
  }
  return ktb::run::test_plugin(plugins, arguments.names.at(0), arguments.data_dirs, std::cout,
                               options, device);
}

void tell_of_device(const std::string& device) {
  if (device != "cpu")
    ktb::app::say_after_stack(
        "A host that reads a device's memory ends so: data_ptr() of a tensor there. Cure: compute "
        "with tensors, or copy what the host must see with .cpu()\n");
}

int serve(const Arguments&);

/// The command as a shell gives it, the program's name first.
int run(const std::vector<std::string>& words, Kept* kept) {
  CLI::App app{"The part of ktbench that runs LibTorch", words.front()};
  Arguments arguments;
  arguments.kept = kept;
  app.add_option("--plugins", arguments.plugins, "further plugin folders")->allow_extra_args(false);
  app.add_option("--data-dir", arguments.data_dirs, "further data folders")
      ->allow_extra_args(false);
  app.add_option("--threads", arguments.threads, "threads of one operation");
  app.add_option("--device", arguments.device, "cpu, cuda or mock");
  app.require_subcommand(1);
  int code = 0;
  const auto add = [&](const char* name, const char* help, int (*action)(const Arguments&)) {
    auto* command = app.add_subcommand(name, help)->fallthrough();
    command->callback([&code, &arguments, action] {
      tell_of_device(arguments.device);
      code = action(arguments);
    });
    return command;
  };
  const auto names = [&](CLI::App* command, const char* what) {
    return command->add_option(what, arguments.names);
  };
  auto* trial = add("trial", "run the trial in a folder, or go on with it", run_trial);
  names(trial, "folder")->required();
  trial->add_option("--checkpoint", arguments.checkpoints.minutes, "minutes between checkpoints");
  trial->add_flag("--rehearse", arguments.checkpoints.rehearse, "die once at some step");
  auto* predictions =
      add("predict", "class probabilities from a finished trial's weights", predict);
  names(predictions, "folder")->required();
  predictions->add_option("--input", arguments.input, "a folder of pictures, not the test split");
  predictions->add_option("--output", arguments.output, "a file instead of standard output");
  add("describe", "answer for plugins: JSON in, JSON out", describe);
  names(add("check", "compare with stored tensors", check), "cases")->required();
  auto* kit = add("test", "run the conformance kit on a plugin file", test);
  names(kit, "file")->required();
  kit->add_option("--option", arguments.options, "NAME=VALUE, for its default")
      ->allow_extra_args(false);
  auto* shown = add("show", "options, defaults, help", show);
  names(shown, "plugins");
  shown->add_flag("--all", arguments.all, "every plugin");
  shown->add_option("--format", arguments.format, "text or markdown");
  shown->add_option("--kind", arguments.kind, "method, model or dataset");
  add("host", "this machine, as LibTorch sees it", host);
  add("serve", "fork a process for each command that comes", serve);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend() - 1));
  } catch (const CLI::ParseError& error) {
    std::ostringstream help, fault;
    const int code = app.exit(error, help, fault);
    ktb::core::print("{}", help.str());
    ktb::core::print(stderr, "{}", fault.str());
    return code == 0 ? 0 : 2;
  }
  return code;
}

int perform(const std::vector<std::string>& words, Kept* kept = nullptr) {
  ktb::app::install_signal_handlers();
  try {
    return run(words, kept);
  } catch (const ktb::core::PluginError& error) {
    ktb::core::print(stderr, "error: {}\n", error.what());
    return 3;
  } catch (const std::exception& error) {
    ktb::core::print(stderr, "error: {}\n", error.what());
    return 2;
  }
}

/// After a command in a process that stays: only what went well is sure to leave nothing.
std::optional<std::string> spent(Kept& kept, int code) {
  if (code != 0 || !kept.traces || ktb::app::stop_requested()) return "";
  const auto left = kept.traces->clear();
  return left.empty() ? std::nullopt : std::optional(left);
}

int serve(const Arguments&) {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  Kept kept;
  ktb::launch::Server server(
      STDIN_FILENO, [&](const auto& command) { return perform(command, &kept); },
      [&](int code) { return spent(kept, code); });
  server.watch(kept.shelf.number(), [&] { kept.shelf.take_in(); });
  server.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int code = perform({argv, argv + argc});
  // Without LibTorch's destructors, which take longer than a short trial.
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(code);
}
