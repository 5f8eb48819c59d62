#include "core/table/export/tensorboard.hpp"

#include <cmath>
#include <set>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/output/escape.hpp"
#include "core/base/output/event_file.hpp"
#include "core/store/store.hpp"
#include "core/table/export/export.hpp"

namespace ktb::core {
namespace {

/// When the trial began; of a record that does not say, 1970.
double start_of(const Record& record) {
  const auto started = record.provenance.find("started");
  const bool told = started != record.provenance.end() && started->is_string();
  return told ? seconds_of_utc(started->get<std::string>()).value_or(0) : 0;
}

void add_number(EventFile& file, double time, std::int64_t step, const std::string& tag,
                const Json& value) {
  if (value.is_number() && std::isfinite(value.get<double>()))
    file.scalar(time, step, one_line(tag), value.get<double>());
}

/// Of a line of the curve; 0 where it has no such number.
double number_in(const Json& point, const char* name) {
  const auto found = point.find(name);
  return found != point.end() && found->is_number() ? found->get<double>() : 0;
}

void add_point(EventFile& file, double start, const Json& point) {
  const double time = start + number_in(point, "seconds");
  const auto step = static_cast<std::int64_t>(number_in(point, "step"));
  for (const char* name : {"loss", "lr", "epoch"})
    if (point.contains(name))
      add_number(file, time, step, std::string("train/") + name, point[name]);
  for (const auto& [group, prefix] :
       {std::pair("terms", "term/"), {"validation", "validation/"}, {"figures", "figure/"}})
    if (point.contains(group))
      for (const auto& [name, value] : point[group].items())
        add_number(file, time, step, prefix + name, value);
}

/// Columns of a line of the export that say how a trial came about, its axes among them.
bool is_setting(const std::string& column) {
  static const std::set<std::string> kNone{"id", "key", "status", "reason", "accepted", "plan"};
  return column.starts_with("option.") || column.starts_with("recipe.") ||
         (column.find('.') == std::string::npos && !kNone.contains(column));
}

Json settings_of(const ExportLine& line) {
  Json settings = Json::object();
  for (const auto& [name, value] : line) {
    if (!is_setting(name) || value.is_null() || value == "") continue;
    settings[one_line(name)] = value.is_string() ? Json(one_line(value.get<std::string>())) : value;
  }
  return settings;
}

/// What the seeds of a cell have in common: `kd r56 -> r20 images 1f3a90`.
std::string group_of(Json settings) {
  settings.erase("seed");
  std::string name;
  for (const char* axis : {"method", settings.contains("pair") ? "pair" : "target", "dataset"})
    name += settings.value(axis, "") + " ";
  return name + sha256_text(json_text(settings)).substr(0, 6);
}

std::string events_of(const Record& record, const Json& settings, const std::vector<Json>& curve) {
  EventFile file;
  const double start = start_of(record);
  file.settings(start, settings, group_of(settings), record.ok());
  for (const Json& point : curve) add_point(file, start, point);
  const auto total = record.cost.find("total_seconds");
  const double end = start + (total == record.cost.end() ? 0 : total->second);
  const auto step = record.selected.value("step", std::int64_t{0});
  for (const auto& [name, value] : record.metrics)
    add_number(file, end, step, "test/" + name, value);
  return file.bytes();
}

}  // namespace

void tensorboard(const Plan& plan, const Outcomes& outcomes, const ReadTrial& read,
                 const Store& store, const std::function<void(const BoardRun&)>& take) {
  TrialInFull full;
  const auto remember = [&](const Trial& trial) { return full = read(trial); };
  export_trials(plan, outcomes, remember, [&](const ExportLine& line) {
    if (!full.record || line.at("id") != full.record->id) return;
    const std::string& id = full.record->id;
    take({id, events_of(*full.record, settings_of(line), store.curve(id))});
  });
}

}  // namespace ktb::core
