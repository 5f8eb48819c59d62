#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cell/finished.hpp"
#include "app/command.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/base/text_file.hpp"
#include "core/deploy/model_card.hpp"
#include "core/plan/union_spec.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

struct DeployCommand {
  CellChoice cell;
  std::string output;
};

/// None where it cannot be described here: the plugin is gone, or needs data that are not there.
std::optional<core::TaskAnswer> task_of(const Site& site, const core::TaskRef& task) {
  const auto catalogue = site.catalogue();
  if (task.plugin != core::kUnion && !catalogue->find("dataset", task.plugin)) return std::nullopt;
  core::DescribeRequest request;
  request.datasets["task"] = {task.plugin, task.options};
  return catalogue->describe(request).datasets.at("task").task;
}

/// Records of all seeds of the trial's cell that have a result; its own where it is in no cell.
std::vector<core::Record> seeds_of(const core::Store& store, const Finished& trial) {
  if (!trial.subject.cell) return {trial.record};
  std::vector<core::Record> records;
  for (const auto& sample : trial.subject.cell->samples)
    if (auto record = store.load(core::candidates_of(sample).at(trial.subject.candidate));
        record && record->ok())
      records.push_back(*std::move(record));
  return records;
}

int deploy(DeployCommand command) {
  const bool planned = command.cell.settle();
  const Choice& choice = command.cell.choice;
  const fs::path to = command.output;
  if (to.extension() != ".safetensors")
    throw core::Error(fmt::format("error: -o {}: the name must end in .safetensors", to.string()));
  const core::Store store = choice.site.store();
  const core::Plan plan = planned ? choice.last_plan() : core::Plan();
  const Finished trial = finished(plan, store, command.cell);
  const core::WeightsFile weights(trial.folder.weights());
  const auto ecosystem = core::ecosystem_of(*trial.spec.target, weights);
  const std::string digest =
      weights.write(to, ecosystem.name, {{"format", "pt"}, {"ktbench", trial.record.key}});
  const auto records = seeds_of(store, trial);
  core::CardInput card{.plan = plan,
                       .title = title(trial.subject),
                       .spec = trial.spec,
                       .record = trial.record,
                       .seeds = {},
                       .task = task_of(choice.site, trial.spec.task),
                       .confusion = store.confusion(trial.record.id),
                       .ecosystem = ecosystem,
                       .file = to.filename().string(),
                       .digest = digest};
  for (const auto& record : records) card.seeds.push_back(&record);
  const fs::path beside = fs::path(to).replace_extension(".md");
  core::write_atomically(beside, core::model_card(card));
  core::print("{}\n  {}  {}\n  {}  its model card\n", title(trial.subject), to.string(),
              ecosystem.library.empty() ? "under ktbench's own names, which no library shares"
                                        : "under the names of " + ecosystem.library,
              beside.string());
  return kOk;
}

}  // namespace

void add_deploy(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "deploy", "a cell's target as a file of weights with a model card, to be used elsewhere");
  const auto options = std::make_shared<DeployCommand>();
  options->cell.add_to(command);
  command
      .add_option("-o,--output", options->output, "NAME.safetensors; the card is NAME.md beside it")
      ->required();
  command.callback([=, &action] { action = [=] { return deploy(*options); }; });
}

}  // namespace ktb::app
