#include "core/plan/make_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/base/error.hpp"
#include "core/plan/check_tables.hpp"
#include "core/plan/notes/source_lines.hpp"
#include "core/plan/notes/warnings.hpp"
#include "core/plan/trials.hpp"
#include "core/suite/check_names.hpp"

namespace ktb::core {
namespace {

class Planner {
 public:
  Planner(const Suite& suite, Catalogue& catalogue, const PlanOptions& options)
      : suite_(suite),
        options_(options),
        describer_(catalogue),
        drafter_(suite, describer_, options.smoke ? options.smoke_steps : 0),
        drafts_(describer_, drafter_),
        parts_(suite, describer_, drafter_),
        book_(suite, options, drafts_, describer_, drafter_, parts_) {}

  Plan make() {
    head();
    std::vector<std::string> idle;
    const std::vector<Wish> wishes = expand(suite_, &idle);
    if (wishes.empty())
      throw SuiteError(suite_.file + ": error: no grid asks for a cell. Nothing was run.");
    check_names(suite_, [this](const auto& kind, const auto& name) {
      return describer_.plugin(kind, name).has_value();
    });
    drafts_.settle(wishes);
    for (const auto& wish : wishes)
      if (wish.control == Control::kNone || drafts_.has_trained_source(wish)) add_cell(wish);
    plan_.sources = source_lines(wishes, drafts_, describer_, drafter_);
    check_tables(suite_, plan_.cells, tasks());
    book_.count_up();
    plan_.trials = std::move(book_.trials());
    plan_.rules = std::move(drafter_.rules());
    plan_.missing = std::move(parts_.missing());
    plan_.metrics = metrics();
    plan_.data = std::move(parts_.data());
    plan_.warnings = warnings_of(suite_, plan_, train_sizes());
    for (auto& note : idle_words(suite_, plan_.cells, idle))
      plan_.warnings.push_back(std::move(note));
    if (!options_.filters.empty()) filter();
    count_missing();
    return std::move(plan_);
  }

 private:
  void head() {
    plan_.suite = suite_.name;
    plan_.profile = suite_.profile;
    plan_.file = suite_.file;
    plan_.suite_digest = suite_.digest;
    plan_.title = suite_.title;
    plan_.question = suite_.question;
    plan_.device = options_.device;
    plan_.tables = suite_.tables;
    for (const auto& method : suite_.methods) {
      if (!method.label.empty()) plan_.labels[method.name] = method.label;
    }
    for (const auto& model : suite_.models) {
      if (!model.label.empty()) plan_.labels[model.name] = model.label;
    }
    for (const auto& grid : suite_.grids) {
      label_controls(grid);
      remember_swept(grid.cross);
      remember_swept(grid.vary);
    }
  }

  void label_controls(const GridDef& grid) {
    for (const auto control : grid.controls) {
      for (const auto& method : grid.methods) {
        const std::string label = suite_.method(method).label;
        plan_.labels[controlled(method, control)] =
            fmt::format("{}, {}", label.empty() ? method : label, describe(control));
      }
    }
  }

  /// Called before cells are looked at, so that values stand in the order of the suite's lists and
  /// not in that of the cells, whose first has the defaults.
  void remember_swept(const OptionLists& lists) {
    for (const auto& [option, values] : lists)
      for (const auto& value : values) remember("option." + option, show_value(value));
  }

  /// The order of an axis in tables: that in which the suite names its values.
  void remember(const std::string& axis, const std::string& value) {
    if (ordered_.insert(axis + "=" + value).second) plan_.order[axis].push_back(value);
  }

  void add_cell(const Wish& wish) {
    Cell cell;
    cell.axes = axes_of(wish);
    std::erase_if(cell.axes, [](const auto& axis) { return axis.first.starts_with("option."); });
    cell.axes.merge(book_.option_axes(wish));
    if (!seen_.insert(cell.axes).second) return;
    const auto& drafts = drafts_.of(wish);
    cell.hole = book_.hole(wish, 0);
    cell.origin = book_.origin(wish, 0);
    if (drafts.size() > 1 && cell.hole.empty()) cell.candidates = candidates(drafts);
    for (std::size_t i = 0; i < wish.seeds.size(); ++i)
      cell.samples.push_back(sample(wish, cell, {wish.seeds[i], i}));
    for (const auto& [axis, value] : cell.axes) remember(axis, value);
    plan_.cells.push_back(std::move(cell));
  }

  std::vector<std::string> candidates(const std::vector<Draft>& drafts) const {
    std::vector<std::string> out;
    for (const auto& draft : drafts) {
      std::vector<std::string> settings;
      for (const auto& [option, values] : draft.method->tune) {
        settings.push_back(fmt::format("{} = {}", option, show_value(draft.options[option])));
      }
      out.push_back(fmt::format("{}", fmt::join(settings, ", ")));
    }
    return out;
  }

  Sample sample(const Wish& wish, const Cell& cell, SeedAt at) {
    Sample made;
    made.seed = at.seed;
    if (!cell.hole.empty()) return made;
    const std::size_t first = book_.trial(wish, 0, at);
    made.trial = book_.trials()[first].id;
    index_trials();
    made.sources = behind(first);
    for (std::size_t i = 1; i < drafts_.of(wish).size(); ++i) {
      made.tuning.push_back(book_.trials()[book_.trial(wish, i, at)].id);
    }
    return made;
  }

  void index_trials() {
    for (std::size_t i = index_.size(); i < book_.trials().size(); ++i)
      index_[book_.trials()[i].id] = i;
  }

  /// The trials behind a trial, nearest first, each once.
  std::vector<std::string> behind(std::size_t trial) {
    std::vector<std::string> out = book_.trials()[trial].needs;
    for (std::size_t i = 0; i < out.size(); ++i) {
      for (const auto& further : book_.trials()[index_.at(out[i])].needs) {
        if (!std::count(out.begin(), out.end(), further)) out.push_back(further);
      }
    }
    return out;
  }

  /// Keeps what trials of the plan lack, and puts their number into the first line of each message.
  void count_missing() {
    for (auto& missing : plan_.missing) {
      missing.trials = static_cast<std::size_t>(
          std::count_if(plan_.trials.begin(), plan_.trials.end(), [&](const Trial& trial) {
            return std::count(trial.lacks.begin(), trial.lacks.end(), missing.what()) > 0;
          }));
    }
    std::erase_if(plan_.missing, [](const Missing& missing) { return missing.trials == 0; });
    for (auto& missing : plan_.missing) {
      const std::string count = fmt::format("; {} {} it", missing.trials,
                                            missing.trials == 1 ? "trial needs" : "trials need");
      missing.message.insert(std::min(missing.message.find('\n'), missing.message.size()), count);
    }
  }

  std::map<std::string, TaskAnswer> tasks() {
    std::map<std::string, TaskAnswer> all;
    for (const auto& name : plan_.order["dataset"]) {
      const DatasetAnswer* answer = describer_.about_dataset(drafter_.dataset_id(name));
      if (answer && answer->task) all[name] = *answer->task;
    }
    return all;
  }

  std::map<std::string, std::int64_t> train_sizes() {
    std::map<std::string, std::int64_t> sizes;
    for (const auto& name : plan_.order["dataset"]) {
      const DatasetAnswer* answer = describer_.about_dataset(drafter_.dataset_id(name));
      if (answer && answer->task) sizes[name] = answer->task->train_size;
    }
    return sizes;
  }

  std::map<std::string, std::string> metrics() {
    std::map<std::string, std::string> all;
    for (const auto& name : plan_.order["dataset"]) {
      const DatasetAnswer* answer = describer_.about_dataset(drafter_.dataset_id(name));
      if (answer && !answer->metric.empty()) all[name] = answer->metric;
    }
    return all;
  }

  void filter() {
    std::erase_if(plan_.cells, [&](const Cell& cell) {
      return !matches(cell.axes, {{"*", options_.filters}});
    });
    if (plan_.cells.empty()) {
      throw Error(fmt::format(
          "no cell matches --filter {}; a filter is an axis value or \"method source -> target\"",
          fmt::join(options_.filters, " ")));
    }
    std::unordered_set<std::string> kept;
    for (const auto& cell : plan_.cells) {
      for (const auto& sample : cell.samples) {
        kept.insert(sample.trial);
        kept.insert(sample.sources.begin(), sample.sources.end());
        kept.insert(sample.tuning.begin(), sample.tuning.end());
      }
    }
    std::erase_if(plan_.trials, [&](const Trial& trial) { return !kept.count(trial.id); });
  }

  const Suite& suite_;
  const PlanOptions& options_;
  Describer describer_;
  Drafter drafter_;
  DraftBook drafts_;
  PartMaker parts_;
  TrialBook book_;
  Plan plan_;
  std::set<std::map<std::string, std::string>> seen_;
  std::unordered_set<std::string> ordered_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace

std::string Missing::what() const { return message.substr(0, message.find('\n')); }

const Trial& Plan::trial(const std::string& id) const {
  const auto found =
      std::find_if(trials.begin(), trials.end(), [&](const Trial& t) { return t.id == id; });
  if (found == trials.end()) throw Error(fmt::format("the plan has no trial `{}`", id));
  return *found;
}

Plan make_plan(const Suite& suite, Catalogue& catalogue, const PlanOptions& options) {
  return Planner(suite, catalogue, options).make();
}

}  // namespace ktb::core
