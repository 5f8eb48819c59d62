#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/output/escape.hpp"
#include "core/page/parts.hpp"
#include "core/store/store.hpp"
#include "core/table/report.hpp"
#include "core/table/side_by_side.hpp"

namespace ktb::core {
namespace {

/// Fields of provenance in which the two differ, or the records of one among themselves.
std::string provenance_of_both(const Json& a, const Json& b) {
  std::set<std::string> names;
  for (const Json* one : {&a, &b})
    for (const auto& [name, value] : one->items()) names.insert(name);
  const auto words = [](const Json& one, const std::string& name) {
    const auto found = one.find(name);
    return found == one.end() ? std::string("not the same for all") : provenance_words(*found);
  };
  std::string rows;
  for (const std::string& name : names)
    if (a.value(name, Json()) != b.value(name, Json()))
      rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
                          html_text(name), html_text(words(a, name)), html_text(words(b, name)));
  if (rows.empty()) return "";
  return "<section id=\"provenance\"><h2>Where A and B come from</h2>\n<p>What is the same for all "
         "of one and not for the other.</p>\n<div class=\"wide\"><table class=\"seeds\"><thead>"
         "<tr><th scope=\"col\">record</th><th scope=\"col\">A</th><th scope=\"col\">B</th></tr>"
         "</thead><tbody>\n" +
         rows + "</tbody></table></div></section>\n";
}

}  // namespace

ComparedResults compared_results(const Plan& plan, const Store& store, const std::string& table) {
  Outcomes known = outcomes_of_tables(plan, store, table, {.records = true});
  auto tables = make_tables(plan, store, table, known);
  return {store.results().string(), plan, std::move(tables), std::move(known)};
}

std::string render_comparison(const ComparedResults& a, const ComparedResults& b) {
  const PageInput none{a.plan, {}, {}, {}, {}};
  const Json nothing = Json::object();
  const Drawers closed(none, nothing);  // a trial of one name may be in both
  std::vector<Table> tables = side_by_side(a.tables, b.tables);
  std::string text = page_header(a.plan,
                                 {fmt::format("A: {}, {}", a.name, count_of(a.plan, a.outcomes)),
                                  fmt::format("B: {}, {}", b.name, count_of(b.plan, b.outcomes))},
                                 tables) +
                     "<main>\n";
  for (std::size_t i = 0; i < tables.size(); ++i)
    text += fmt::format("<section id=\"t{}\"><h2>{}</h2>\n", i + 1,
                        html_text(arrows(tables[i].title))) +
            table_grid(tables[i], closed) + table_copies(tables[i]) + "</section>\n";
  text += provenance_of_both(shared_provenance(a.outcomes), shared_provenance(b.outcomes));
  return whole_page(a.plan, text + "</main>\n");
}

}  // namespace ktb::core
