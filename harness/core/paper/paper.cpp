#include "core/paper/paper.hpp"

#include <fmt/format.h>

#include "core/base/output/escape.hpp"
#include "core/paper/figures.hpp"
#include "core/table/difference.hpp"
#include "core/table/render/latex.hpp"
#include "core/table/report.hpp"

namespace ktb::core {
namespace {

/// Files, and the document that takes them in.
class Writer {
 public:
  void table(const Table& table) {
    const std::string name = latex_name(table);
    files_.push_back({name + ".tex", latex_table(table)});
    body_ += "\\input{" + name + "}\n\n";
  }

  /// Nothing where there is nothing to draw.
  void figure(const Table& table, const std::string& what, const std::string& text,
              const std::string& title, const std::string& sentence) {
    if (text.empty()) return;
    const std::string name = latex_name(table) + "-" + what;
    files_.push_back({name + ".tex", text});
    body_ += fmt::format(
        "\\begin{{figure}}\n\\centering\n\\input{{{0}}}\n\\caption{{{1} of "
        "Table~\\ref{{tab:{2}}}. {3}}}\n\\label{{fig:{0}}}\n\\end{{figure}}\n\n",
        name, title, latex_name(table), latex_text(sentence));
  }

  std::vector<PaperFile> finish(const std::vector<Table>& tables) {
    const std::string name =
        latex_key(tables.front().suite) + "-" + latex_key(tables.front().profile);
    files_.insert(files_.begin(), {name + "-numbers.tex", latex_numbers(tables)});
    std::string all;
    for (const PaperFile& file : files_) all += file.text;
    files_.push_back(
        {name + ".tex",
         latex_engine(all) + fmt::format("\\documentclass{{article}}\n"
                                         "\\usepackage{{booktabs,graphicx,pgfplots}}\n"
                                         "\\pgfplotsset{{compat=1.16}}\n"
                                         "\\input{{{}-numbers}}\n\\begin{{document}}\n\n{}"
                                         "\\end{{document}}\n",
                                         name, body_)});
    return files_;
  }

 private:
  std::vector<PaperFile> files_;
  std::string body_;
};

}  // namespace

std::vector<PaperFile> paper(const Plan& plan, const Store& store, const std::string& table) {
  const std::vector<Table> tables = make_tables(plan, store, table, {.specs = true});
  Writer writer;
  for (const Table& one : tables) {
    for (const Table& shown : with_differences({one})) writer.table(shown);
    writer.figure(one, "curves", curves_figure(one, store), "Learning curves",
                  "Mean over seeds; shaded from the lowest to the highest.");
    writer.figure(one, "forest", forest_figure(one), "Differences",
                  "Paired by seed, with 95 % intervals; filled where the interval "
                  "excludes 0, a circle for better, a square for worse.");
    writer.figure(one, "ranks", ranks_figure(one), "Mean ranks",
                  "1 is the best; a bar joins what is nearer than Nemenyi's critical "
                  "difference at 5 %.");
  }
  return writer.finish(with_differences(tables));
}

}  // namespace ktb::core
