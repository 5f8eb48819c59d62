#include <fmt/format.h>

#include <algorithm>

#include "core/base/output/escape.hpp"
#include "core/page/parts.hpp"
#include "core/page/settings.hpp"
#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

std::string figure_text(const std::map<std::string, double>& figures, const std::string& name,
                        double scale = 1) {
  const auto found = figures.find(name);
  return found == figures.end() ? "" : fmt::format("{:.4g}", found->second * scale);
}

std::string fact(std::string_view name, std::string_view value) {
  if (value.empty()) return "";
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_text(name), html_text(value));
}

/// All figures of the records, means over seeds, as they stand there.
std::string means_of(const std::vector<const Record*>& records,
                     std::map<std::string, double> Record::*figures) {
  std::map<std::string, std::vector<double>> values;
  for (const Record* record : records)
    for (const auto& [name, value] : record->*figures) values[name].push_back(value);
  std::vector<std::string> parts;
  for (const auto& [name, all] : values) parts.push_back(fmt::format("{} {:.4g}", name, mean(all)));
  return joined(parts, ", ");
}

std::string parameters_of(const Record& record) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : record.parameters)
    parts.push_back(fmt::format("{} {}", name, count));
  return joined(parts, ", ");
}

/// Made of letters, digits and the like by whoever names trials; anything else is quoted.
std::string shell_word(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_./:@%+=,").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain && !text.empty()) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Drawers::Drawers(const PageInput& input, const Json& shared) : input_(input), shared_(shared) {
  for (const Table& table : input.tables)
    for (const Row& row : table.rows)
      for (std::size_t i = 0; i < row.entries.size(); ++i) {
        const Entry& entry = row.entries[i];
        if (entry.trials.empty()) continue;
        const auto number = fmt::format("c{}", anchors_.size() + 1);
        if (!anchors_.emplace(entry.trials, number).second) continue;
        maps_ += maps_in(input, entry);
        const Shown parts = shown(entry, table);
        const char* between = parts.spread.empty() || table.interval ? " " : " ± ";
        drawers_.push_back({row_name(row) + " · " + arrows(column_head(table.columns[i])),
                            joined({parts.main, parts.spread}, between), table.columns[i].metric,
                            &entry});
      }
}

std::string Drawers::anchor(const Entry& entry) const {
  const auto found = anchors_.find(entry.trials);
  return found == anchors_.end() ? "" : found->second;
}

std::string Drawers::html() const {
  if (drawers_.empty()) return "";
  std::string text;
  for (const Drawer& drawer : drawers_) text += html_of(drawer);
  return "<section id=\"cells\"><h2>Every cell</h2>\n<p>An entry of a table leads here: seeds, "
         "settings, provenance, the end of a log, and the commands that ask further.</p>\n" +
         text + "</section>\n";
}

std::string Drawers::html_of(const Drawer& drawer) const {
  const Entry& entry = *drawer.entry;
  const std::string& first = entry.trials.begin()->second;
  std::string text =
      fmt::format("<details class=\"cell\" id=\"{}\"><summary>{} <b>{}</b></summary>\n",
                  anchor(entry), html_text(drawer.title), html_text(drawer.value));
  text += seeds_of(drawer) + "<dl class=\"facts\">\n" + facts_of(drawer) + "</dl>\n";
  text += confusion_chart(input_, entry) + attention_maps(input_, entry, maps_);
  const std::string id = shell_word(first);
  text += "<pre class=\"copies\">" +
          html_block(fmt::format("ktbench show {0}\nktbench why {0}\nktbench rerun {0}", id)) +
          "</pre>\n";
  for (const auto& [seed, trial] : entry.trials) {
    const auto log = input_.logs.find(trial);
    if (log == input_.logs.end() || log->second.empty()) continue;
    text += fmt::format("<p>The end of seed {}'s log</p><pre>{}</pre>\n", seed,
                        html_block(log->second));
  }
  return text + "</details>\n";
}

std::string Drawers::seeds_of(const Drawer& drawer) const {
  const MetricInfo info = metric_info(drawer.metric);
  std::string rows;
  for (const auto& [seed, trial] : drawer.entry->trials) {
    const Record* record = input_.outcomes.record(trial);
    const bool running = input_.outcomes.running.contains(trial);
    std::string state = record != nullptr ? word(record->status)
                        : running         ? "running"
                                          : "not run yet";
    if (record != nullptr && !record->reason.empty()) state += ": " + record->reason;
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td>"
        "</tr>\n",
        seed,
        record != nullptr ? html_text(figure_text(record->metrics, drawer.metric, info.scale)) : "",
        html_text(state),
        record != nullptr ? html_text(figure_text(record->cost, "train_seconds")) : "",
        html_text(trial));
  }
  return fmt::format(
      "<div class=\"wide\"><table class=\"seeds\"><thead><tr><th scope=\"col\">seed</th><th "
      "scope=\"col\">{}</th><th scope=\"col\">state</th><th scope=\"col\">train s</th><th "
      "scope=\"col\">trial</th></tr></thead><tbody>\n{}</tbody></table></div>\n",
      html_text(info.label()), rows);
}

std::string Drawers::facts_of(const Drawer& drawer) const {
  std::string text;
  for (const auto& [seed, trial] : drawer.entry->trials) {
    const auto spec = input_.outcomes.specs.find(trial);
    if (spec == input_.outcomes.specs.end()) continue;
    for (const SettingLine& setting : settings_of(spec->second))
      text += fact(setting.name, setting.value);
    break;
  }
  const std::vector<const Record*> records = core::records_of(input_, *drawer.entry);
  if (records.empty()) return text;
  text += fact("figures", means_of(records, &Record::metrics));
  text += fact("validation", means_of(records, &Record::validation));
  text += fact("cost", means_of(records, &Record::cost));
  text += fact("parameters", parameters_of(*records.front()));
  text += fact("provenance", own_provenance(shared_, *records.front()));
  for (const Record* record : records)
    for (const std::string& warning : record->warnings)
      text += fact(fmt::format("warning, seed {}", record->seed), warning);
  return text;
}

}  // namespace ktb::core
