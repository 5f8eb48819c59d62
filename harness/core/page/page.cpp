#include "core/page/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "core/base/output/escape.hpp"
#include "core/base/unicode.hpp"
#include "core/page/parts.hpp"
#include "core/store/store.hpp"
#include "core/table/difference.hpp"
#include "core/table/report.hpp"

namespace ktb::core {
namespace {

std::string group(std::string_view title, const std::string& charts, std::string_view note = "") {
  if (charts.empty()) return "";
  const std::string below = note.empty() ? "" : fmt::format("<p>{}</p>", html_text(note));
  return fmt::format("<h3>{}</h3>\n{}<div class=\"charts\">\n{}</div>\n", html_text(title), below,
                     charts);
}

std::string section(const PageInput& input, const Table& table, std::size_t number,
                    const Drawers& drawers) {
  std::string text =
      fmt::format("<section id=\"t{}\"><h2>{}</h2>\n", number, html_text(arrows(table.title)));
  text += table_grid(table, drawers);
  for (const Table& below : {difference_table(table), effect_table(table)})
    if (!below.rows.empty()) text += forest_table(below);
  text += group("What transfer is worth, place by place", transfer_map(table));
  text += group("Ranks", rank_diagram(table));
  text += group("Learning curves", curve_charts(input, table),
                "A line is the mean over seeds, its band reaches from the lowest to the highest.");
  text += group("Cost against score", cost_charts(input, table),
                "Upright bars are the table's spread; the dashed line is the Pareto front.");
  text += group("Which members of the hub run, in %", member_shares(input, table));
  text += group("Routes by domain", route_charts(input, table),
                "Of the test examples of each part of a union, in how many percent each member has "
                "the most weight.");
  return text + table_copies(table) + "</section>\n";
}

std::string contents(const std::vector<Table>& tables) {
  if (tables.size() < 2) return "";
  std::string links;
  for (std::size_t i = 0; i < tables.size(); ++i)
    links += fmt::format("<li><a href=\"#t{}\">{}</a></li>\n", i + 1,
                         html_text(arrows(tables[i].title)));
  return "<nav aria-label=\"Tables\"><ul>\n" + links + "</ul></nav>\n";
}

constexpr std::ptrdiff_t kLogLines = 12, kLogBytes = 900;

/// The last lines of a log, as far as they are worth reading on a page.
std::string end_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const std::streamoff size = file.tellg(), from = std::max<std::streamoff>(0, size - kLogBytes);
  file.seekg(from);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (from > 0 && lines.size() > 1) lines.erase(lines.begin());  // begins in its middle
  if (std::ssize(lines) > kLogLines) lines.erase(lines.begin(), lines.end() - kLogLines);
  return joined(lines, "\n");
}

/// Of one trial of each cell: the first that did not end well, else the first.
void add_log(const Store& store, const Entry& entry, PageInput& input) {
  const std::string* chosen = nullptr;
  for (const auto& [seed, trial] : entry.trials) {
    const Result* result = input.outcomes.find(trial);
    if (chosen == nullptr) chosen = &trial;
    if (result == nullptr || result->ok()) continue;
    chosen = &trial;
    break;
  }
  if (chosen == nullptr || input.logs.contains(*chosen)) return;  // tables may share a cell
  input.logs[*chosen] = end_of(store.folder(*chosen).log());
}

/// What lies beside a trial's record; tables may share a trial.
void add_files(const Store& store, const std::string& trial, PageInput& input) {
  if (input.curves.contains(trial)) return;
  input.curves[trial] = store.curve(trial);
  if (auto confusion = store.confusion(trial)) input.confusions.emplace(trial, *confusion);
  if (const auto file = store.pictures(trial)) input.pictures.emplace(trial, pictures_of(*file));
}

}  // namespace

std::string table_copies(const Table& table) {
  std::string text;
  for (const auto& [name, format] :
       {std::pair{"LaTeX", Format::kLatex}, {"Markdown", Format::kMarkdown}, {"CSV", Format::kCsv}})
    text += fmt::format(
        "<details><summary>Copy as {}</summary><pre class=\"copies\">{}</pre>"
        "</details>\n",
        name, html_block(render({table}, format)));
  return "<div class=\"copy\">\n" + text + "</div>\n";
}

std::string count_of(const Plan& plan, const Outcomes& outcomes) {
  std::map<std::string, std::size_t> counts;
  for (const Trial& trial : plan.trials) ++counts[outcomes.state(trial.id)];
  std::vector<std::string> parts;
  for (const auto& [state, number] : counts) parts.push_back(fmt::format("{} {}", number, state));
  const auto holes = std::count_if(plan.cells.begin(), plan.cells.end(),
                                   [](const Cell& cell) { return !cell.hole.empty(); });
  if (holes > 0)
    parts.push_back(fmt::format("{} cell{} cannot be run", holes, holes == 1 ? "" : "s"));
  return fmt::format("{} trials: {}", plan.trials.size(), joined(parts, ", "));
}

std::string page_header(const Plan& plan, const std::vector<std::string>& counts,
                        const std::vector<Table>& tables) {
  std::string text = "<header>\n<h1>" +
                     html_text(plan.title.empty() ? plan.suite : arrows(plan.title)) + "</h1>\n";
  if (!plan.question.empty()) text += "<p class=\"ask\">" + html_text(plan.question) + "</p>\n";
  std::vector<std::string> facts{"suite " + plan.suite};
  if (!plan.profile.empty()) facts.push_back("profile " + plan.profile);
  if (!plan.device.empty()) facts.push_back(plan.device);
  facts.insert(facts.end(), counts.begin(), counts.end());
  text += "<p class=\"sub\">" + html_text(joined(facts, " · ")) + "</p>\n";
  for (const std::string& warning : plan.warnings)
    text += "<p class=\"warn\">" + html_text(warning) + "</p>\n";
  return text + contents(tables) + "</header>\n";
}

std::string whole_page(const Plan& plan, const std::string& body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta "
      "name=\"color-scheme\" content=\"light dark\"/>\n<title>{}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n{}<script>{}</script>\n</body>\n</html>\n",
      html_text(plan.title.empty() ? plan.suite : plan.title), page_style(), body, page_script());
}

std::string render_page(const PageInput& input) {
  const Json shared = shared_provenance(input.outcomes);
  const Drawers drawers(input, shared);
  std::string text =
      page_header(input.plan, {count_of(input.plan, input.outcomes)}, input.tables) + "<main>\n";
  for (std::size_t i = 0; i < input.tables.size(); ++i)
    text += section(input, input.tables[i], i + 1, drawers);
  return whole_page(input.plan, text + drawers.html() + provenance_section(shared) + "</main>\n");
}

std::string page(const Plan& plan, const Store& store, const std::string& table) {
  Outcomes known = outcomes_of_tables(plan, store, table, {.records = true, .specs = true});
  auto tables = make_tables(plan, store, table, known);
  PageInput input{plan, std::move(tables), std::move(known), {}, {}};
  for (const Table& made : input.tables)
    for (const Row& row : made.rows)
      for (const Entry& entry : row.entries) {
        for (const auto& [seed, trial] : entry.trials) add_files(store, trial, input);
        add_log(store, entry, input);
      }
  return render_page(input);
}

}  // namespace ktb::core
