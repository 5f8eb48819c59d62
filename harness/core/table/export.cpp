#include "core/table/export.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "core/base/output/csv.hpp"
#include "core/base/output/escape.hpp"

namespace ktb::core {
namespace {

using Axes = std::map<std::string, std::string>;
/// Column -> value: a text or a number.
using Line = std::map<std::string, Json>;

const std::vector<std::string> kFirst{"suite", "profile", "id", "key", "seed", "status", "reason"};

Json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

template <class Numbers>
void add_numbers(const std::string& prefix, const Numbers& numbers, Line& line) {
  for (const auto& [name, value] : numbers) {
    line[prefix + "." + name] = number(static_cast<double>(value));
  }
}

void add_counts(const std::string& prefix, const std::map<std::string, std::int64_t>& counts,
                Line& line) {
  for (const auto& [name, value] : counts) line[prefix + "." + name] = value;
}

void add_members(const std::string& prefix, const Json& object, Line& line) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object()) {
      add_members(prefix + "." + name, value, line);
    } else {
      line[prefix + "." + name] = value.is_array() ? Json(value.dump()) : value;
    }
  }
}

void add_record(const Record& record, Line& line) {
  line["seed"] = record.seed;
  line["status"] = word(record.status);
  line["reason"] = record.reason;
  add_numbers("metric", record.metrics, line);
  add_numbers("validation", record.validation, line);
  add_numbers("floor", record.floor, line);
  add_numbers("term", record.terms, line);
  add_numbers("cost", record.cost, line);
  add_counts("parameters", record.parameters, line);
  add_counts("examples", record.examples, line);
  for (std::size_t i = 0; i < record.source_metrics.size(); ++i) {
    add_numbers("source." + std::to_string(i), record.source_metrics[i], line);
  }
  add_members("selected", record.selected, line);
  add_members("provenance", record.provenance, line);
}

Line begin_line(const Plan& plan, const Axes& axes) {
  Line line{{"suite", plan.suite}, {"profile", plan.profile}, {"id", ""},    {"key", ""},
            {"seed", Json()},      {"status", "pending"},     {"reason", ""}};
  for (const auto& [axis, value] : axes) {
    if (axis != "seed") line[axis] = value;
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
      owners.emplace(sample.trial, Owner{&cell, sample.seed});
      for (const std::string& trial : sample.tuning)
        owners.emplace(trial, Owner{&cell, sample.seed});
    }
  }
  return owners;
}

std::vector<Line> lines_of(const Plan& plan, const Outcomes& outcomes) {
  std::vector<Line> lines;
  const std::map<std::string, Owner> known = owners(plan);
  for (const Trial& trial : plan.trials) {
    const Record* record = outcomes.find(trial.id);
    const auto owner = known.find(trial.id);
    const bool owned = owner != known.end();
    Line line = begin_line(plan, record != nullptr ? record->axes
                                 : owned           ? owner->second.cell->axes
                                                   : Axes());
    line["id"] = trial.id;
    line["key"] = trial.key;
    if (!trial.accepted.empty()) line["accepted"] = trial.accepted;
    if (record != nullptr) {
      add_record(*record, line);
    } else {
      if (owned) line["seed"] = owner->second.seed;
      if (outcomes.running.count(trial.id) > 0) line["status"] = "running";
    }
    lines.push_back(std::move(line));
  }
  for (const Cell& cell : plan.cells) {
    if (cell.hole.empty()) continue;
    for (const Sample& sample : cell.samples) {
      Line line = begin_line(plan, cell.axes);
      line["seed"] = sample.seed;
      line["status"] = word(Status::kHole);
      line["reason"] = cell.hole;
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::vector<std::string> columns_of(const std::vector<Line>& lines) {
  std::set<std::string> axes, figures;
  for (const Line& line : lines) {
    for (const auto& [name, value] : line) {
      if (std::count(kFirst.begin(), kFirst.end(), name) > 0) continue;
      const bool option = name.rfind("option.", 0) == 0;
      (option || name.find('.') == std::string::npos ? axes : figures).insert(name);
    }
  }
  std::vector<std::string> columns = kFirst;
  columns.insert(columns.end(), axes.begin(), axes.end());
  columns.insert(columns.end(), figures.begin(), figures.end());
  return columns;
}

std::string field(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? csv_number(value.get<double>()) : value.dump();
}

}  // namespace

std::string export_jsonl(const Plan& plan, const Outcomes& outcomes) {
  std::string text;
  for (const Line& line : lines_of(plan, outcomes)) text += json_text(Json(line)) + "\n";
  return text;
}

std::string export_csv(const Plan& plan, const Outcomes& outcomes) {
  const std::vector<Line> lines = lines_of(plan, outcomes);
  const std::vector<std::string> columns = columns_of(lines);
  std::string text = csv_line(columns);
  for (const Line& line : lines) {
    std::vector<std::string> fields;
    for (const std::string& column : columns) {
      const auto found = line.find(column);
      fields.push_back(found == line.end() ? "" : field(found->second));
    }
    text += csv_line(fields);
  }
  return text;
}

}  // namespace ktb::core
