#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/suggest.hpp"
#include "core/suite/build.hpp"
#include "core/suite/fields.hpp"

namespace ktb::core {
namespace {

using At = Document::At;
using Words = std::vector<std::string>;

const Words kAxes = {"grid", "dataset", "source", "target", "pair", "method", "labels"};
const Words kKeys = {"where",  "like",   "rows",      "cols",  "metrics", "figures", "baseline",
                     "extra",  "derive", "published", "marks", "test",    "effect",  "ranks",
                     "spread", "digits", "fit",       "mean",  "note",    "view",    "claims"};

/// Puts what a table takes over from its `like` under its own keys.
void inherit(Document& document, const std::string& name, std::set<std::string> below) {
  const std::string path = "table." + name;
  const Fields at(document, path);
  if (!at.has("like")) return;
  const std::string parent = at.text("like");
  const Words names = document.keys("table");
  if (!std::count(names.begin(), names.end(), parent)) {
    document.fail(at.path("like"), At::kValue,
                  fmt::format("there is no [table.{}]{}", parent, did_you_mean(parent, names)),
                  fmt::format("tables: {}", fmt::join(names, ", ")));
  }
  below.insert(name);
  if (below.count(parent)) {
    document.fail(at.path("like"), At::kValue,
                  fmt::format("[table.{}] is, in the end, like itself", parent));
  }
  inherit(document, parent, below);
  Document before = document;
  before.erase(path + ".like");
  document.erase(path);
  document.overlay(before, "table." + parent, path);
  document.overlay(before, path, path);
}

Words axes(const Document& document, const Fields& at, const std::string& key,
           const Words& missing) {
  const Words named = at.has(key) ? at.texts(key) : missing;
  for (std::size_t i = 0; i < named.size(); ++i) {
    const std::string& axis = named[i];
    if (std::count(kAxes.begin(), kAxes.end(), axis) || axis.starts_with("option.")) continue;
    const std::string one = at.at(key).is_array() ? "." + std::to_string(i) : "";
    document.fail(at.path(key) + one, At::kValue,
                  fmt::format("`{}` is no axis{}", axis, did_you_mean(axis, kAxes)),
                  fmt::format("axes: {}, option.NAME", fmt::join(kAxes, ", ")));
  }
  return named;
}

std::map<std::string, Words> where(const Document& document, const std::string& path) {
  std::map<std::string, Words> out;
  const Fields at(document, path);
  Words known = kAxes;
  known.push_back("option");
  at.only(known);
  for (const auto& axis : at.keys()) {
    if (axis != "option") {
      out[axis] = at.patterns(axis);
      continue;
    }
    at.expect_table("option", "where.option.k = 2");
    const Fields options(document, at.path("option"));
    for (const auto& name : options.keys()) out["option." + name] = options.patterns(name);
  }
  return out;
}

std::vector<Derived> derived(const Document& document, const std::string& path) {
  std::vector<Derived> out;
  const Fields at(document, path);
  for (const auto& name : at.keys()) {
    at.expect_table(name, name + " = { method = \"finetune\", over = \"source\" }");
    const Fields row(document, at.path(name));
    row.only({"method", "over"});
    for (const auto& key : {"method", "over"}) {
      if (!row.has(key))
        document.fail(at.path(name), At::kKey, fmt::format("derive.{} has no `{}`", name, key));
    }
    out.push_back({name, row.text("method"), axes(document, row, "over", {}).front()});
  }
  return out;
}

/// `"best"`, `"tied"` or `false`.
std::string marks(const Fields& at, const std::string& missing) {
  if (!at.has("marks")) return missing;
  const Json& value = at.at("marks");
  if (value.is_boolean() && !value.get<bool>()) return "none";
  if (!value.is_string()) at.wrong("marks", "\"best\", \"tied\" or false");
  return at.word("marks", missing, {"best", "tied"});
}

/// How entries are compared.
void read_tests(const Document& document, const Fields& at, TableSpec& made) {
  made.marks = marks(at, made.marks);
  made.test = at.word("test", made.test, {"signed-rank", "mcnemar", "bootstrap"});
  made.effect = at.word("effect", made.effect, {"dz"});
  if (!made.effect.empty() && made.baseline.empty())
    document.fail(at.path("effect"), At::kValue, "an effect is the size of a difference to a row",
                  "name it: baseline = \"scratch\"");
  made.ranks = at.flag("ranks", made.ranks);
  if (made.ranks && std::count(made.rows.begin(), made.rows.end(), "dataset"))
    document.fail(at.path("ranks"), At::kValue, "rows are ranked over data sets",
                  "put `dataset` into cols");
}

Claim claim(const Document& document, const std::string& path) {
  const Fields at(document, path);
  Words known = {"say", "over", "expect"};
  known.insert(known.end(), kAxes.begin(), kAxes.end());
  at.only(known);
  Claim made{
      at.text("say"), at.text("method"), at.text("over"), at.word("expect", "+", {"+", "-"}), {}};
  for (const auto& [key, value] :
       {std::pair("say", made.say), {"method", made.method}, {"over", made.over}})
    if (value.empty())
      document.fail(
          path, At::kValue, fmt::format("this claim has no `{}`", key),
          "{ say = \"KD helps\", method = \"kd\", over = \"scratch\", pair = \"a -> b\" }");
  for (const auto& axis : kAxes)
    if (axis != "method" && at.has(axis)) made.where[axis] = at.patterns(axis).front();
  return made;
}

std::vector<Claim> claims(const Document& document, const Fields& at, const std::string& view) {
  std::vector<Claim> out;
  if (at.has("claims") != (view == "verdicts"))
    document.fail(at.path(at.has("claims") ? "claims" : "view"), At::kKey,
                  "a view of verdicts judges claims, and nothing else does",
                  "view = \"verdicts\" and claims = [{ say = ..., method = ..., over = ... }]");
  if (!at.has("claims")) return out;
  const Json& given = at.at("claims");
  const bool tables =
      given.is_array() &&
      std::all_of(given.begin(), given.end(), [](const Json& one) { return one.is_object(); });
  if (!tables) at.wrong("claims", "a list of tables");
  for (std::size_t i = 0; i < given.size(); ++i)
    out.push_back(claim(document, at.path("claims") + "." + std::to_string(i)));
  return out;
}

TableSpec table(const Document& document, const std::string& name) {
  TableSpec made;
  made.name = name;
  const Fields at(document, "table." + name);
  at.only(kKeys);
  at.expect_table("where", "where.grid = \"same\"");
  at.expect_table("derive", "derive.best = { method = \"finetune\", over = \"source\" }");
  made.where = where(document, at.path("where"));
  made.derive = derived(document, at.path("derive"));
  made.rows = axes(document, at, "rows", made.rows);
  made.cols = axes(document, at, "cols", made.cols);
  made.metrics = at.texts("metrics");
  made.figures = at.texts("figures");
  made.baseline = at.text("baseline");
  made.extra = at.words("extra", "row or column that a table can add",
                        {"source", "published", "chance", "cost", "inference", "shares", "n"});
  made.published = at.texts("published");
  read_tests(document, at, made);
  made.spread = at.word("spread", made.spread, {"sd", "ci", "se", "range", "none"});
  made.digits = static_cast<int>(at.count("digits", made.digits, 0));
  made.view = at.word("view", made.view, {"values", "difference", "verdicts"});
  made.claims = claims(document, at, made.view);
  if (made.view == "difference" && made.baseline.empty())
    document.fail(at.path("view"), At::kValue, "a difference needs a row to differ from",
                  "name it: baseline = \"scratch\"");
  made.fit = at.word("fit", made.fit, {"column", "page"});
  made.mean = at.flag("mean", made.mean);
  made.note = at.text("note");
  return made;
}

}  // namespace

std::vector<TableSpec> build_tables(Document& document, const std::string& title) {
  const Words names = document.keys("table");
  if (const Json* all = document.find("table"); all && !all->is_object()) {
    document.fail("table", At::kKey, "a table has a name: [table.main]");
  }
  for (const auto& name : names) {
    Fields(document, "table").expect_table(name, "rows = \"method\"");
  }
  for (const auto& name : names) inherit(document, name, {});
  std::vector<TableSpec> tables;
  for (const auto& name : names) {
    tables.push_back(table(document, name));
    tables.back().title = names.size() == 1 || title.empty() ? title : title + ": " + name;
  }
  return tables;
}

}  // namespace ktb::core
