#include "core/table/export/export.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/output/csv.hpp"
#include "core/base/output/escape.hpp"
#include "core/store/store.hpp"
#include "core/table/pick.hpp"

namespace ktb::core {
namespace {

using Axes = std::map<std::string, std::string>;

const std::vector<std::string> kFirst{"suite", "profile", "id",     "key",
                                      "seed",  "status",  "reason", "picked"};
/// What lines of one trial differ by: points of a curve, classes.
const std::vector<std::string> kWithin{"step",  "epoch",    "seconds", "lr",        "loss",
                                       "class", "examples", "recall",  "precision", "f1"};

template <class Numbers>
void add_numbers(const std::string& prefix, const Numbers& numbers, ExportLine& line) {
  for (const auto& [name, value] : numbers) line[prefix + "." + name] = value;
}

void add_members(const std::string& prefix, const Json& object, ExportLine& line) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) {
      add_members(prefix + "." + name, value, line);
    } else {
      line[prefix + "." + name] = value.is_array() ? Json(value.dump()) : value;
    }
  }
}

void add_record(const Record& record, ExportLine& line) {
  line["seed"] = record.seed;
  line["status"] = word(record.status);
  line["reason"] = record.reason;
  add_numbers("metric", record.metrics, line);
  add_numbers("validation", record.validation, line);
  add_numbers("floor", record.floor, line);
  add_numbers("term", record.terms, line);
  add_numbers("cost", record.cost, line);
  add_numbers("parameters", record.parameters, line);
  add_numbers("examples", record.examples, line);
  for (std::size_t i = 0; i < record.source_metrics.size(); ++i) {
    add_numbers("source." + std::to_string(i), record.source_metrics[i], line);
  }
  add_members("selected", record.selected, line);
  add_members("provenance", record.provenance, line);
}

/// Axes are texts; labels and options are numbers where they were so in the suite.
Json axis_value(const std::string& axis, const std::string& text) {
  if (axis != "labels" && !axis.starts_with("option.")) return text;
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_number() || value.is_boolean() ? value : Json(text);
}

ExportLine begin_line(const Plan& plan, const Axes& axes) {
  ExportLine line{{"suite", plan.suite}, {"profile", plan.profile}, {"id", ""},
                  {"key", ""},           {"seed", Json()},          {"status", "pending"},
                  {"reason", ""},        {"picked", Json()}};
  if (!plan.caveat.empty()) line["plan"] = plan.caveat;
  for (const auto& [axis, value] : axes) {
    if (axis != "seed") line[axis] = axis_value(axis, value);
  }
  return line;
}

/// The first cell that a trial belongs to, and its seed there.
struct Owner {
  const Cell* cell;
  std::uint64_t seed;
};

std::map<std::string, Owner> owners(const Plan& plan) {
  std::map<std::string, Owner> owners;
  for (const Cell& cell : plan.cells) {
    for (const Sample& sample : cell.samples) {
      for (const std::string& trial : candidates_of(sample))
        owners.emplace(trial, Owner{&cell, sample.seed});
    }
  }
  return owners;
}

/// Trial -> whether a table shows it; none where that is still open.
std::map<std::string, std::optional<bool>> shown_trials(const Plan& plan,
                                                        const Outcomes& outcomes) {
  std::map<std::string, std::optional<bool>> shown;
  for (const Cell& cell : plan.cells) {
    for (const Pick& pick : picks(plan, cell, outcomes)) {
      for (const Sample& sample : cell.samples) {
        const std::vector<std::string> trials = candidates_of(sample);
        for (std::size_t value = 0; value < trials.size(); ++value) {
          std::optional<bool>& one = shown.try_emplace(trials[value], false).first->second;
          if (pick.open) one.reset();
          if (!pick.open && value == pick.candidate) one = true;
        }
      }
    }
  }
  return shown;
}

/// Lines of trials up to what they were made of.
class Lines {
 public:
  Lines(const Plan& plan, const Outcomes& outcomes)
      : plan_(plan),
        outcomes_(outcomes),
        owners_(owners(plan)),
        shown_(shown_trials(plan, outcomes)) {}

  ExportLine begin(const Trial& trial, const TrialInFull& full) const {
    const auto owner = owners_.find(trial.id);
    const bool owned = owner != owners_.end();
    ExportLine line = begin_line(plan_, full.record ? full.record->axes
                                        : owned     ? owner->second.cell->axes
                                                    : Axes());
    line["id"] = trial.id;
    line["key"] = trial.key;
    if (owned) line["seed"] = owner->second.seed;
    if (const auto shown = shown_.find(trial.id); shown != shown_.end() && shown->second)
      line["picked"] = *shown->second;
    if (full.spec) add_members("option", full.spec->method.options, line);
    return line;
  }

  ExportLine whole(const Trial& trial, const TrialInFull& full) const {
    ExportLine line = begin(trial, full);
    if (!trial.accepted.empty()) line["accepted"] = trial.accepted;
    if (full.spec) add_members("recipe", write_json(full.spec->recipe), line);
    if (full.record) {
      add_record(*full.record, line);
    } else if (!trial.lacks.empty()) {
      line["reason"] = "cannot be told here: " + trial.lacks.front();
    } else if (outcomes_.running.count(trial.id) > 0) {
      line["status"] = "running";
    }
    return line;
  }

 private:
  const Plan& plan_;
  const Outcomes& outcomes_;
  std::map<std::string, Owner> owners_;
  std::map<std::string, std::optional<bool>> shown_;
};

using Columns = std::map<std::string, std::uint32_t>;

/// First what every line has, then axes and options, then figures.
std::vector<std::string> in_order(const Columns& columns) {
  std::vector<std::string> axes, within, figures;
  for (const auto& [name, index] : columns) {
    if (std::ranges::count(kFirst, name) > 0 || std::ranges::count(kWithin, name) > 0) continue;
    const bool axis = name.starts_with("option.") || name.find('.') == std::string::npos;
    (axis ? axes : figures).push_back(name);
  }
  for (const std::string& name : kWithin)
    if (columns.contains(name)) within.push_back(name);
  std::vector<std::string> names = kFirst;
  for (const auto& group : {axes, within, figures})
    names.insert(names.end(), group.begin(), group.end());
  return names;
}

std::string field(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? csv_number(value.get<double>()) : value.dump();
}

}  // namespace

void export_trials(const Plan& plan, const Outcomes& outcomes, const ReadTrial& read,
                   const TakeLine& take) {
  const Lines lines(plan, outcomes);
  for (const Trial& trial : plan.trials) take(lines.whole(trial, read(trial)));
  for (const Cell& cell : plan.cells) {
    if (cell.hole.empty()) continue;
    for (const Sample& sample : cell.samples) {
      ExportLine line = begin_line(plan, cell.axes);
      line["seed"] = sample.seed;
      line["status"] = word(Status::kHole);
      line["reason"] = cell.hole;
      take(line);
    }
  }
}

void export_curves(const Plan& plan, const Outcomes& outcomes, const ReadTrial& read,
                   const Store& store, const TakeLine& take) {
  const Lines lines(plan, outcomes);
  for (const Trial& trial : plan.trials) {
    const TrialInFull full = read(trial);
    if (!full.record) continue;
    ExportLine start = lines.begin(trial, full);
    start["seed"] = full.record->seed;
    start["status"] = word(full.record->status);
    for (const Json& point : store.curve(trial.id)) {
      ExportLine line = start;
      for (const std::string& name : kWithin)
        if (point.contains(name)) line[name] = point[name];
      for (const auto& [group, prefix] :
           {std::pair("terms", "term"), {"validation", "validation"}, {"figures", "figure"}})
        if (point.contains(group)) add_members(prefix, point[group], line);
      take(line);
    }
  }
}

std::string as_json(const ExportLine& line) { return json_text(Json(line)); }

void CsvTable::add(const ExportLine& line) {
  Row& row = rows_.emplace_back();
  for (const auto& [name, value] : line) {
    const auto next = static_cast<std::uint32_t>(columns_.size());
    row.text += field(value);
    row.fields.push_back(
        {columns_.emplace(name, next).first->second, static_cast<std::uint32_t>(row.text.size())});
  }
}

void CsvTable::write(const std::function<void(std::string_view)>& out) const {
  const std::vector<std::string> names = in_order(columns_);
  std::vector<std::size_t> place(columns_.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    if (const auto found = columns_.find(names[i]); found != columns_.end())
      place[found->second] = i;
  out(csv_line(names));
  for (const Row& row : rows_) {
    std::vector<std::string> fields(names.size());
    std::size_t begin = 0;
    for (const auto& [column, end] : row.fields) {
      fields[place[column]] = row.text.substr(begin, end - begin);
      begin = end;
    }
    out(csv_line(fields));
  }
}

}  // namespace ktb::core
