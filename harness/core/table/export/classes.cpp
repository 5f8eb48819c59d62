#include "core/table/export/classes.hpp"

#include "core/store/class_figures.hpp"
#include "core/store/store.hpp"

namespace ktb::core {
namespace {

/// What tells the trial of a line.
ExportLine head_of(const Plan& plan, const Record& record) {
  ExportLine line{{"suite", plan.suite}, {"profile", plan.profile},
                  {"id", record.id},     {"key", record.key},
                  {"seed", record.seed}, {"status", word(record.status)}};
  for (const auto& [axis, value] : record.axes) line.emplace(axis, value);
  return line;
}

void add_class(ExportLine& line, const ClassFigures& own) {
  line["class"] = own.name;
  line["examples"] = own.examples;
  line["recall"] = own.recall();
  line["precision"] = own.precision();
  line["f1"] = own.f1();
}

}  // namespace

void export_classes(const Plan& plan, const ReadTrial& read, const Store& store,
                    const TakeLine& take) {
  for (const Trial& trial : plan.trials) {
    const auto record = read(trial).record;
    if (!record || !record->ok()) continue;
    const auto confusion = store.confusion(trial.id);
    if (!confusion) continue;
    const auto figures = class_figures(*confusion);
    for (std::size_t i = 0; i < figures.size(); ++i) {
      ExportLine line = head_of(plan, *record);
      add_class(line, figures[i]);
      for (std::size_t j = 0; j < figures.size(); ++j)
        line["as." + figures[j].name] = confusion->counts[i][j];
      take(line);
    }
  }
}

}  // namespace ktb::core
