#include "core/table/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

#include "app/command.hpp"
#include "app/session.hpp"
#include "app/summary.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/base/output/terminal.hpp"
#include "core/base/text_file.hpp"
#include "core/page/page.hpp"
#include "core/paper/paper.hpp"
#include "core/store/outcomes.hpp"
#include "core/table/export/classes.hpp"
#include "core/table/export/export.hpp"
#include "core/table/export/tensorboard.hpp"
#include "core/table/pick.hpp"
#include "core/table/side_by_side.hpp"
#include "launch/progress.hpp"

namespace ktb::app {
namespace {

/// A format and the ending of files that hold it.
struct Form {
  std::string format, ending;
};
using Forms = std::vector<Form>;

constexpr int kWatchSeconds = 2;

const Forms kTableForms{{"text", ".txt"},  {"ascii", ""},   {"markdown", ".md"},
                        {"latex", ".tex"}, {"csv", ".csv"}, {"html", ".html"}};
const Forms kExportForms{{"jsonl", ".jsonl"}, {"csv", ".csv"}, {"tensorboard", ""}};

struct ReportCommand {
  Choice choice;
  std::string table, format, output, paper, against;
  bool curves = false;   ///< of an export
  bool classes = false;  ///< of each trial, in the place of one line a trial

  void add_to(CLI::App& command, const Forms& forms) {
    choice.add_to(command);
    choice.add_accept_to(command);
    std::vector<std::string> formats;
    for (const Form& form : forms) formats.push_back(form.format);
    command.add_option("--format", format, "default: by the file's ending")
        ->check(CLI::IsMember(formats));
    command.add_option("-o,--output", output, "a file instead of the terminal");
  }
};

/// The format that was named, else the one of the file's ending, else the first.
std::string format_of(const ReportCommand& command, const Forms& forms) {
  if (!command.format.empty()) return command.format;
  const std::string ending = std::filesystem::path(command.output).extension().string();
  if (ending.empty()) return forms.front().format;
  std::string known;
  for (const Form& form : forms) {
    if (ending == form.ending) return form.format;
    if (!form.ending.empty()) known += (known.empty() ? "" : ", ") + form.ending;
  }
  throw core::Error(
      fmt::format("error: {}: no format has the ending {}; known are {}; or name the "
                  "format by --format",
                  command.output, ending, known));
}

/// What tables are printed as. On a terminal without UTF-8 a text is ASCII.
core::Format table_format(const ReportCommand& command, const std::string& format) {
  const bool shown = format == "text" && command.output.empty();
  return shown ? core::text_format(stdout) : core::format_from(format);
}

/// Takes a format's own text, which its writer made fit for files and terminals: as it comes to
/// the terminal, or into a file that is there once all of it is.
class Delivery {
 public:
  explicit Delivery(const std::string& path) {
    if (!path.empty()) file_.emplace(path);
  }
  void write(std::string_view text) {
    if (file_)
      file_->write(text);
    else
      fmt::print("{}", text);
  }
  void finish() {
    if (file_) file_->finish();
  }

 private:
  std::optional<core::AtomicFile> file_;
};

void deliver(const std::string& text, const std::string& path) {
  Delivery delivery(path);
  delivery.write(text);
  delivery.finish();
}

/// The files of a paper, into a folder that is made where it is missing.
int write_paper(const core::Plan& plan, const ReportCommand& command) {
  const std::filesystem::path folder = command.paper;
  std::filesystem::create_directories(folder);
  for (const auto& [name, text] : core::paper(plan, command.choice.site.store(), command.table)) {
    core::write_atomically(folder / name, text);
    core::print("{}\n", (folder / name).string());
  }
  return kOk;
}

/// Beside the results of another folder, as the suite was planned there.
int compare_reports(const core::Plan& plan, const ReportCommand& command) {
  Choice other = command.choice;
  const core::Store store = results_in(command.against);
  other.site.results = command.against;
  const core::Plan there = other.last_plan(IfChanged::kAsRun);
  const auto a = core::compared_results(plan, command.choice.site.store(), command.table);
  const auto b = core::compared_results(there, store, command.table);
  const std::string format = format_of(command, kTableForms);
  deliver(format == "html"
              ? core::render_comparison(a, b)
              : core::render(core::side_by_side(a.tables, b.tables), table_format(command, format)),
          command.output);
  return kOk;
}

int report(const ReportCommand& command) {
  const core::Plan plan = command.choice.last_plan();
  if (!command.against.empty()) return compare_reports(plan, command);
  if (!command.paper.empty()) return write_paper(plan, command);
  const core::Store store = command.choice.site.store();
  const std::string format = format_of(command, kTableForms);
  deliver(format == "html"
              ? core::page(plan, store, command.table)
              : core::report(plan, store, command.table, table_format(command, format)),
          command.output);
  return kOk;
}

/// What an export tells of.
struct Exported {
  core::Plan plan;
  core::Store store;
  core::Outcomes outcomes;

  core::ReadTrial read() const {
    return [this](const core::Trial& trial) { return core::in_full(trial, store); };
  }
};

/// A folder for each run of TensorBoard, below one that is made where it is missing.
void write_runs(const Exported& from, const ReportCommand& command) {
  if (command.output.empty())
    throw core::Error("error: --format tensorboard writes folders: name one with -o");
  if (command.curves) throw core::Error("error: --format tensorboard has the curves anyway");
  if (command.classes) throw core::Error("error: --format tensorboard has no place for classes");
  const std::filesystem::path folder = command.output;
  std::size_t runs = 0;
  core::tensorboard(from.plan, from.outcomes, from.read(), from.store,
                    [&](const core::BoardRun& run) {
                      std::filesystem::create_directories(folder / run.name);
                      core::write_atomically(folder / run.name / core::kEventFile, run.events);
                      ++runs;
                    });
  core::print("{} runs: tensorboard --logdir {}\n", runs, folder.string());
}

void tell_lines(const Exported& from, const ReportCommand& command, const core::TakeLine& take) {
  if (command.curves)
    core::export_curves(from.plan, from.outcomes, from.read(), from.store, take);
  else if (command.classes)
    core::export_classes(from.plan, from.read(), from.store, take);
  else
    core::export_trials(from.plan, from.outcomes, from.read(), take);
}

int export_records(const ReportCommand& command) {
  Exported from{command.choice.last_plan(), command.choice.site.store(), {}};
  from.outcomes = core::outcomes(from.plan, from.store);
  const std::string format = format_of(command, kExportForms);
  if (format == "tensorboard") {
    write_runs(from, command);
    return kOk;
  }
  Delivery delivery(command.output);
  if (format == "csv") {
    core::CsvTable table;
    tell_lines(from, command, [&](const core::ExportLine& line) { table.add(line); });
    table.write([&](std::string_view text) { delivery.write(text); });
  } else {
    tell_lines(from, command,
               [&](const core::ExportLine& line) { delivery.write(core::as_json(line) + "\n"); });
  }
  delivery.finish();
  return kOk;
}

/// Trials as their cells, with seed and what is tuned. One that only makes weights keeps its id.
class Titles {
 public:
  explicit Titles(const core::Plan& plan) : plan_(plan) {}

  const std::string& of(const std::string& trial) const {
    if (titles_.empty()) add_all();  // where all is well nobody asks
    return titles_.at(trial);
  }

 private:
  void add_all() const {
    for (const auto& trial : plan_.trials) titles_[trial.id] = trial.id;
    for (const auto& cell : plan_.cells) {
      if (!cell.hole.empty()) continue;
      for (const auto& sample : cell.samples) {
        const auto trials = core::candidates_of(sample);
        for (std::size_t i = 0; i < trials.size(); ++i)
          titles_[trials[i]] =
              fmt::format("{}{} s{}", title(cell),
                          i < cell.candidates.size() ? ", " + cell.candidates[i] : "", sample.seed);
      }
    }
  }

  const core::Plan& plan_;
  mutable std::map<std::string, std::string> titles_;
};

/// How far a running trial is.
std::string progress_of(const core::Store& store, const std::string& id) {
  const auto progress = store.progress(id);
  if (!progress || progress->steps == 0) return "";
  return fmt::format(
      "{:.0f} %, loss {:.3g}",
      100.0 * static_cast<double>(progress->step) / static_cast<double>(progress->steps),
      progress->loss);
}

/// How a trial stands: its record, if it has one of its own key, and a word for it.
struct Outcome {
  std::optional<core::RecordHead> record;
  std::string state;
};

Outcome outcome_of(const core::Trial& trial, const core::Store& store) {
  auto record = store.load_head(trial.id);
  if (record && record->key == trial.key) {
    std::string state = core::word(record->status);
    return {std::move(record), std::move(state)};
  }
  if (!trial.lacks.empty()) return {{}, "not known here"};
  const auto progress = store.progress(trial.id);
  return {{}, progress && progress->fresh() ? "running" : "waiting"};
}

/// How a plan's trials stand, as a text, and whether anything is wrong or still to do.
struct Standing {
  std::string text;
  bool bad = false, busy = false;
};

Standing standing_of(const core::Plan& plan, const core::Store& store) {
  const Titles titles(plan);
  std::map<std::string, std::size_t> counts;
  std::string lines;
  for (const auto& trial : plan.trials) {
    const auto& [record, state] = outcome_of(trial, store);
    ++counts[state];
    if (state == "running")
      lines +=
          fmt::format("running      {}   {}\n", titles.of(trial.id), progress_of(store, trial.id));
    if (!record || record->ok()) continue;
    lines += fmt::format("{:<12} {}   {}\n             {}\n", state, titles.of(trial.id),
                         record->reason, store.folder(trial.id).log().string());
  }
  Standing standing;
  standing.text = fmt::format("{} trials:", plan.trials.size());
  const char* comma = "";
  for (const auto& [state, count] : counts) {
    standing.text += fmt::format("{} {} {}", comma, count, state);
    comma = ",";
    const bool open = state == "running" || state == "waiting";
    standing.busy |= open;
    standing.bad |= !open && state != "ok";
  }
  standing.text += "\n" + lines;
  return standing;
}

struct StatusCommand {
  Choice choice;
  bool watch = false;
};

/// Shows it again and again until every trial has ended: drawn anew on a terminal, elsewhere once
/// more whenever something has changed.
Standing watch(const core::Plan& plan, const core::Store& store) {
  std::string before;
  while (true) {
    Standing now = standing_of(plan, store);
    const bool redraws = core::terminal_of(stdout).redraws;
    if (redraws) fmt::print("\033[H\033[2J");
    if (redraws || now.text != before) core::print("{}", now.text);
    if (!now.busy) return now;
    if (redraws)
      core::print("\n{}, every {} s, until nothing is left to do; Ctrl-C ends it\n",
                  core::utc_now(), kWatchSeconds);
    std::fflush(stdout);
    before = std::move(now.text);
    std::this_thread::sleep_for(std::chrono::seconds(kWatchSeconds));
  }
}

int status(const StatusCommand& command) {
  const core::Plan plan = command.choice.last_plan();
  const core::Store store = command.choice.site.store();
  if (!plan.caveat.empty()) core::print("{}\n", plan.caveat);
  Standing standing;
  if (command.watch) {
    standing = watch(plan, store);
  } else {
    standing = standing_of(plan, store);
    core::print("{}", standing.text);
  }
  print_missing(plan, stdout);
  print_accepted(plan, stdout);
  return standing.bad ? kTrialFailed : kOk;
}

void add_status(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand("status", "what has finished, failed, is running");
  const auto options = std::make_shared<StatusCommand>();
  options->choice.add_to(command);
  options->choice.add_accept_to(command);
  command.add_flag("--watch", options->watch, "again and again, until nothing is left to do");
  command.callback([=, &action] { action = [=] { return status(*options); }; });
}

void add_tables(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand("report", "the suite's tables, from records alone");
  const auto options = std::make_shared<ReportCommand>();
  command.add_option("--table", options->table, "only this one");
  options->add_to(command, kTableForms);
  command.add_option("--against", options->against,
                     "another folder of results: both side by side (A, B), and B less A");
  command
      .add_option(
          "--paper", options->paper,
          "a folder for LaTeX: numbers, tables and figures by \\input, and a document of all")
      ->excludes("--against")
      ->excludes("--format")
      ->excludes("--output");
  command.callback([=, &action] { action = [=] { return report(*options); }; });
}

void add_export(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand("export", "flat records, one a trial");
  const auto options = std::make_shared<ReportCommand>();
  options->add_to(command, kExportForms);
  command.add_flag("--curves", options->curves, "the course of training, one line an epoch");
  command.add_flag("--classes", options->classes,
                   "one line a class of each trial: recall, precision, F1, what it was taken for");
  command.footer(
      "--format tensorboard -o FOLDER writes a run a trial, with what HPARAMS compares.");
  command.callback([=, &action] { action = [=] { return export_records(*options); }; });
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  add_status(app, action);
  add_tables(app, action);
  add_export(app, action);
}

}  // namespace ktb::app
