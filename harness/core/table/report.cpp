#include "core/table/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/output/terminal.hpp"
#include "core/store/outcomes.hpp"
#include "core/store/store.hpp"
#include "core/table/build_table.hpp"
#include "core/table/difference.hpp"
#include "core/table/published.hpp"
#include "core/table/render/csv.hpp"
#include "core/table/render/latex.hpp"
#include "core/table/render/markdown.hpp"
#include "core/table/render/text.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<const char*, Format>, 5> kFormats{{{"text", Format::kText},
                                                                  {"ascii", Format::kAscii},
                                                                  {"markdown", Format::kMarkdown},
                                                                  {"latex", Format::kLatex},
                                                                  {"csv", Format::kCsv}}};

bool wants_published(const TableSpec& spec) {
  return !spec.published.empty() &&
         std::count(spec.extra.begin(), spec.extra.end(), "published") > 0;
}

/// The numbers of all files that a table names, in their order.
Published published_of(const TableSpec& spec, const Plan& plan, const Store& store,
                       std::vector<std::string>& lacking) {
  Published all;
  for (const std::string& name : spec.published) {
    const fs::path path = published_file(name, store.results(), plan.file);
    if (!fs::exists(path)) {
      lacking.push_back(path.string());
      continue;
    }
    const Published one = read_published(path);
    all.values.insert(all.values.end(), one.values.begin(), one.values.end());
  }
  return all;
}

std::vector<const TableSpec*> specs_of(const Plan& plan, const std::string& table) {
  std::vector<const TableSpec*> specs;
  std::string known;
  for (const TableSpec& spec : plan.tables) {
    known += (known.empty() ? "" : ", ") + spec.name;
    if (table.empty() || spec.name == table) specs.push_back(&spec);
  }
  if (!specs.empty()) return specs;
  if (known.empty()) {
    throw Error(fmt::format("suite `{}` has no [table.NAME]: nothing to show", plan.suite));
  }
  throw Error(fmt::format("suite `{}` has no table `{}`; it has {}", plan.suite, table, known));
}

std::string render_one(const Table& table, Format format) {
  switch (format) {
    case Format::kMarkdown:
      return render_markdown(table);
    case Format::kLatex:
      return latex_table(table);
    case Format::kAscii:
      return render_text(table, {.ascii = true});
    default:
      return render_text(table);
  }
}

}  // namespace

Format format_from(const std::string& name) {
  std::string known;
  for (const auto& [text, format] : kFormats) {
    if (name == text) return format;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw Error(fmt::format("unknown format `{}`; known are {}", name, known));
}

Format text_format(std::FILE* out) {
  return terminal_of(out).ascii ? Format::kAscii : Format::kText;
}

Outcomes outcomes_of_tables(const Plan& plan, const Store& store, const std::string& table,
                            Details details) {
  for (const TableSpec* spec : specs_of(plan, table)) {
    details.specs = details.specs || wants_published(*spec);
    details.samples = details.samples || spec->counts_samples();
  }
  return outcomes(plan, store, details);
}

std::vector<Table> make_tables(const Plan& plan, const Store& store, const std::string& table,
                               Details details) {
  return make_tables(plan, store, table, outcomes_of_tables(plan, store, table, details));
}

std::vector<Table> make_tables(const Plan& plan, const Store& store, const std::string& table,
                               const Outcomes& known) {
  std::vector<Table> tables;
  for (const TableSpec* spec : specs_of(plan, table)) {
    std::optional<Published> numbers;
    std::vector<std::string> lacking;
    if (wants_published(*spec)) numbers = published_of(*spec, plan, store, lacking);
    tables.push_back(build_table(plan, *spec, known, numbers));
    for (const std::string& path : lacking)
      tables.back().legend.push_back(fmt::format("no published values: there is no {}", path));
  }
  return tables;
}

std::vector<Table> with_differences(const std::vector<Table>& tables) {
  std::vector<Table> all;
  for (const Table& table : tables) {
    all.push_back(table);
    for (Table& below : std::array{difference_table(table), effect_table(table)})
      if (!below.rows.empty()) all.push_back(std::move(below));
  }
  return all;
}

std::string render(const std::vector<Table>& tables, Format format) {
  if (format == Format::kCsv) return render_csv(tables);
  const std::vector<Table> all = with_differences(tables);
  std::string text = format == Format::kLatex ? latex_numbers(all) : "";
  for (const Table& table : all) text += (text.empty() ? "" : "\n") + render_one(table, format);
  return text;
}

std::string report(const Plan& plan, const Store& store, const std::string& table, Format format) {
  const Details details{.specs = format == Format::kLatex};  // its captions tell the budget
  return render(make_tables(plan, store, table, details), format);
}

}  // namespace ktb::core
