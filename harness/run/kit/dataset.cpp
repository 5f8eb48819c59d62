#include <fmt/format.h>
#include <torch/types.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "run/kit/conformance.hpp"
#include "run/kit/world.hpp"
#include "run/plugins/plain.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;

/// A data folder without a file.
class EmptyFolder {
 public:
  EmptyFolder() : path_(fs::temp_directory_path() / fmt::format("ktb-kit-{}", getpid())) {
    fs::create_directories(path_);
  }
  ~EmptyFolder() { fs::remove_all(path_); }
  EmptyFolder(const EmptyFolder&) = delete;
  EmptyFolder& operator=(const EmptyFolder&) = delete;
  DataFolder folder() const { return DataFolder({path_.string()}); }

 private:
  fs::path path_;
};

State state_of_split(const Split& split) {
  State state;
  for (const auto& [name, tensor] : split.x) state.emplace_back("x." + name, tensor);
  for (const auto& [name, tensor] : split.y) state.emplace_back("y." + name, tensor);
  for (const auto& [name, tensor] : split.rows) state.emplace_back("rows." + name, tensor);
  return state;
}

void check_task(const TaskSpec& task) {
  demand(!task.inputs.empty(), "it names no input");
  demand(task.outputs > 0, "it has no outputs");
  demand(!task.labels.empty(), "it names no label space");
  demand(task.classes.empty() || static_cast<std::int64_t>(task.classes.size()) == task.outputs,
         "it names another number of classes than it has outputs");
  tasks::make_task_kind(task);
}

/// Every row that an example looks for is in the table.
void check_table(const std::string& name, const Split& split) {
  const auto table = split.x.find(name);
  demand(table != split.x.end(), "rows." + name + " belongs to no input");
  const auto& rows = split.rows.at(name);
  if (rows.numel() == 0) return;
  demand(
      rows.min().item<std::int64_t>() >= 0 &&
          rows.max().item<std::int64_t>() < table->second.size(0),
      fmt::format("rows.{} points outside the {} rows of x.{}", name, table->second.size(0), name));
}

void check_split(const TaskSpec& task, const Split& split, std::int64_t size) {
  for (const auto& input : task.inputs)
    demand(split.x.contains(input.name), "the split lacks the input `" + input.name + "`");
  for (const auto& [name, tensor] : state_of_split(split)) {
    if (name.starts_with("x.") && split.rows.contains(name.substr(2))) continue;  // a table
    demand(tensor.size(0) == size,
           fmt::format("{} has {} examples, the task says {}", name, tensor.size(0), size));
  }
  for (const auto& [name, rows] : split.rows) check_table(name, split);
  if (!task.categorical) return;
  const auto labels = tasks::make_task_kind(task)->labels({split.x, split.y, {}});
  demand(labels.min().item<std::int64_t>() >= 0 && labels.max().item<std::int64_t>() < task.outputs,
         "a label lies outside 0 .. outputs - 1");
}

/// The task, if every file can be found. A set of free layout has to look for files to know either,
/// and throws where there are none.
TaskSpec task_with_files(const Dataset& dataset, const DataFolder& folder) {
  std::vector<DataFile> files;
  TaskSpec task;
  try {
    files = dataset.files(folder);
    if (files.empty()) task = dataset.task(folder);
  } catch (const Error& error) {
    throw Skipped(error.what());
  }
  for (const auto& file : files)
    if (folder.find(file.name).empty())
      throw Skipped(file.name + " is not here.\n" + dataset.get());
  return files.empty() ? task : dataset.task(folder);
}

/// Whether a message tells where to look: at a folder, or at an option that was not set.
bool points_somewhere(const std::string& text, const DataFolder& folder, const Options& options) {
  const auto& declared = options.declared();
  return text.find(folder.places().at(0)) != std::string::npos ||
         std::any_of(declared.begin(), declared.end(), [&](const OptionInfo& option) {
           return text.find(option.name) != std::string::npos;
         });
}

}  // namespace

void test_dataset(Registry& registry, const std::string& name,
                  const std::vector<std::string>& data_dirs, Report& report) {
  std::shared_ptr<Dataset> dataset;
  Options options;
  const bool made = report.check("it can be made without files",
                                 [&] { dataset = registry.dataset(name, options); });
  if (!made) return;
  report.check("every option is documented", [&] { demand_help(options); });
  report.check("it says how to get it", [&] { demand(!dataset->get().empty(), "get() is empty"); });
  if (const auto* control = dataset->control()) return test_environment(*control, report);
  report.check("without its files it says what is missing", [&] {
    const EmptyFolder empty;
    try {
      dataset->load(empty.folder(), "train");
    } catch (const Error& error) {
      demand(points_somewhere(error.what(), empty.folder(), options),
             std::string("its message names neither folder nor option: ") + error.what());
      return;
    }
    throw Skipped("it needs no file");
  });

  const auto folder = data_folder(*dataset, data_dirs);
  Split train;
  TaskSpec task;
  const bool found = report.check("its files are found and its task is whole", [&] {
    task = task_with_files(*dataset, folder);
    check_task(task);
  });
  if (!found) return;
  report.check("both splits are what the task says", [&] {
    train = dataset->load(folder, "train");
    check_split(task, train, task.train_size);
    check_split(task, dataset->load(folder, "test"), task.test_size);
  });
  report.check("loaded twice, it has the same bytes", [&] {
    const auto differs =
        first_difference(state_of_split(train), state_of_split(dataset->load(folder, "train")));
    demand(differs.empty(), differs + " differs");
  });
}

}  // namespace ktb::run
