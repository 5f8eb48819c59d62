#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/base/fields.hpp"
#include "core/base/json.hpp"

namespace ktb::core {

/// A row made of other cells: `derive.best_single = { method = "finetune", over = "source" }`.
struct Derived {
  std::string name;    ///< the row's name
  std::string method;  ///< whose cells
  std::string over;    ///< the axis it takes the best of, picked on validation where there is one
};

/// What a suite says will be seen: that one row is better or worse than another.
struct Claim {
  std::string say;           ///< in words
  std::string method, over;  ///< the two rows
  std::string expect = "+";  ///< the difference of the first to the second: + better, - worse
  std::map<std::string, std::string> where;  ///< axis -> value, as far as it takes to be one place

  bool better() const { return expect == "+"; }
};

/// `[table.N]` of a suite with `like` resolved.
struct TableSpec {
  std::string name, title;
  std::map<std::string, std::vector<std::string>> where;  ///< axis -> globs
  std::vector<std::string> rows = {"method"};             ///< axes
  std::vector<std::string> cols = {"pair"};
  std::vector<std::string> metrics;  ///< the task kind's first one where both are empty
  std::vector<std::string> figures;  ///< of methods and unions, as records call them
  std::string baseline;              ///< a row's name; empty: none
  std::vector<std::string> extra;    ///< source, published, chance, cost, n
  std::vector<Derived> derive;
  std::vector<std::string> published;  ///< file stems under results/published/, first match wins
  std::string marks = "tied";          ///< tied: lone bests and ties with the best; best; none
  std::string test = "signed-rank";    ///< how entries are told apart: mcnemar, bootstrap
  std::string effect;                  ///< dz: sizes of the differences to the baseline
  bool ranks = false;                  ///< a column with the mean rank over columns, and its tests
  std::string spread = "sd";           ///< sd, ci, se, range, none
  int digits = 1;
  std::string view = "values";  ///< difference: to the baseline, with what it says; verdicts
  std::vector<Claim> claims;    ///< what the view `verdicts` judges
  std::string fit;              ///< column, page
  bool mean = false;            ///< a last column with the mean over columns
  std::string note;

  /// What its columns show, if it names anything.
  std::vector<std::string> shown() const {
    std::vector<std::string> all = metrics;
    all.insert(all.end(), figures.begin(), figures.end());
    return all;
  }

  /// Whether its test counts test samples, not seeds.
  bool counts_samples() const { return test != "signed-rank"; }
};

template <Of<Derived> Self, class Ar>
void fields(Self& row, Ar& ar) {
  ar("name", row.name);
  ar("method", row.method);
  ar("over", row.over);
}

template <Of<Claim> Self, class Ar>
void fields(Self& claim, Ar& ar) {
  ar("say", claim.say);
  ar("method", claim.method);
  ar("over", claim.over);
  ar("expect", claim.expect);
  ar("where", claim.where);
}

template <Of<TableSpec> Self, class Ar>
void fields(Self& table, Ar& ar) {
  ar("name", table.name);
  ar("title", table.title);
  ar("where", table.where);
  ar("rows", table.rows);
  ar("cols", table.cols);
  ar("metrics", table.metrics);
  ar.optional("figures", table.figures);
  ar("baseline", table.baseline);
  ar("extra", table.extra);
  ar("derive", table.derive);
  ar("published", table.published);
  ar("marks", table.marks);
  ar.optional("test", table.test);
  ar.optional("effect", table.effect);
  ar.optional("ranks", table.ranks);
  ar("spread", table.spread);
  ar("digits", table.digits);
  ar.optional("view", table.view);
  ar.optional("claims", table.claims);
  ar("fit", table.fit);
  ar("mean", table.mean);
  ar("note", table.note);
}

Json to_json(const TableSpec& table);
TableSpec table_spec_from_json(const Json& json);

}  // namespace ktb::core
