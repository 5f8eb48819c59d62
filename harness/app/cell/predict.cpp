#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "app/cell/finished.hpp"
#include "app/command.hpp"
#include "core/base/error.hpp"
#include "launch/machine/equipped.hpp"
#include "launch/process.hpp"

namespace ktb::app {
namespace {

struct PredictCommand {
  CellChoice cell;
  std::string input, output;
};

int predict(PredictCommand command) {
  const bool planned = command.cell.settle();
  const Choice& choice = command.cell.choice;
  const core::Plan plan = planned ? choice.last_plan() : core::Plan();
  const Finished trial = finished(plan, choice.site.store(), command.cell);
  if (!command.input.empty() && !std::filesystem::is_directory(command.input))
    throw core::Error(fmt::format("error: {} is no folder", command.input));
  std::vector<std::string> words = {launch::equipped(choice.site.worker()), "predict",
                                    trial.folder.path().string(), "--device", choice.device};
  if (!command.input.empty()) words.insert(words.end(), {"--input", command.input});
  if (!command.output.empty()) words.insert(words.end(), {"--output", command.output});
  for (const auto& flag : choice.site.worker_flags()) words.push_back(flag);
  return launch::run_here(words);
}

}  // namespace

void add_predict(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "predict", "class probabilities of a cell's target, of the test split or your own pictures");
  const auto options = std::make_shared<PredictCommand>();
  options->cell.add_to(command);
  command.add_option("--input", options->input, "a folder of pictures, in place of the test split");
  command.add_option("-o,--output", options->output, "a CSV file instead of the terminal");
  command.callback([=, &action] { action = [=] { return predict(*options); }; });
}

}  // namespace ktb::app
