#pragma once
#include <string>
#include <vector>

#include "core/table/export/export.hpp"
#include "core/table/report_fixture.hpp"

/// Exports of a bench as a whole.
namespace ktb::core::testing {

inline ReadTrial reader_of(const Bench& bench) {
  return [&bench](const Trial& trial) { return bench.in_full(trial); };
}

inline std::vector<ExportLine> exported_lines(const Bench& bench) {
  std::vector<ExportLine> lines;
  export_trials(bench.plan, bench.outcomes, reader_of(bench),
                [&](const ExportLine& line) { lines.push_back(line); });
  return lines;
}

inline std::string as_jsonl(const std::vector<ExportLine>& lines) {
  std::string text;
  for (const ExportLine& line : lines) text += as_json(line) + "\n";
  return text;
}

inline std::string as_csv(const std::vector<ExportLine>& lines) {
  CsvTable table;
  for (const ExportLine& line : lines) table.add(line);
  std::string text;
  table.write([&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace ktb::core::testing
