#include "core/suite/names.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/glob.hpp"
#include "core/suite/control.hpp"
#include "core/suite/pair.hpp"

namespace ktb::core {
namespace {

using At = Document::At;

template <class T>
void add_names(std::vector<std::string>& out, const std::vector<T>& definitions) {
  for (const auto& def : definitions) out.push_back(def.name);
}

class Collector {
 public:
  explicit Collector(const Suite& suite) : suite_(suite) {}

  std::vector<Mention> all() {
    for (const auto& grid : suite_.grids) of_grid(grid);
    for (const auto& source : suite_.sources) of_source(source);
    for (const auto& hub : suite_.hubs) list("model", hub.members, hub.path);
    for (const auto& dataset : suite_.datasets)
      list("dataset", dataset.parts, dataset.path + ".union");
    for (const auto& method : suite_.methods)
      for (const auto& [other, weight] : method.plus)
        add({"method", other, method.path + ".plus." + other, At::kKey});
    use_ = false;
    for (const auto& rule : suite_.rules) matched(rule.match, rule.path);
    for (const auto& grid : suite_.grids) of_exceptions(grid);
    return std::move(found_);
  }

 private:
  void add(Mention mention) {
    if (mention.name.empty() || mention.name == "self" || is_glob(mention.name)) return;
    mention.use = use_;
    found_.push_back(std::move(mention));
  }

  /// A text or a list of them at `path`.
  template <class Add>
  void each(const std::vector<std::string>& texts, const std::string& path, Add add) const {
    const Json* given = suite_.text.find(path);
    const bool is_list = given != nullptr && given->is_array();
    for (std::size_t i = 0; i < texts.size(); ++i)
      add(texts[i], is_list ? path + "." + std::to_string(i) : path);
  }

  void list(const char* kind, const std::vector<std::string>& names, const std::string& path) {
    each(names, path, [&](const std::string& name, const std::string& at) {
      add({kind, name, at, At::kValue});
    });
  }

  void pair(const std::string& text, const std::string& path) {
    const auto parsed = parse_pair(text);
    if (!parsed) return;
    for (const PairSide& side : {parsed->source, parsed->target}) {
      const bool members = side.name.ends_with(".*");
      add({"model", members ? side.name.substr(0, side.name.size() - 2) : side.name, path,
           At::kValue});
      add({"dataset", side.dataset, path, At::kValue});
    }
  }

  void pairs(const std::vector<std::string>& texts, const std::string& path) {
    each(texts, path, [&](const std::string& text, const std::string& at) { pair(text, at); });
  }

  void of_grid(const GridDef& grid) {
    const auto path = [&](const std::string& key) {
      const std::string own = grid.path + "." + key;
      return suite_.text.find(own) != nullptr ? own : key;
    };
    pairs(grid.pairs, grid.path + ".pairs");
    list("dataset", grid.datasets, path("datasets"));
    list("method", grid.methods, path("methods"));
  }

  void of_source(const SourceDef& source) {
    add({"model", source.model, source.path + ".model", At::kValue});
    add({"dataset", source.dataset, source.path + ".dataset", At::kValue});
    if (!source.cell.empty()) pair(source.cell, source.path + ".cell");
    add({"method", source.method, source.path + ".method", At::kValue});
  }

  /// Of a rule or an exception: axis -> globs.
  void matched(const std::map<std::string, std::vector<std::string>>& match,
               const std::string& path) {
    for (const auto& [axis, texts] : match) {
      const std::string& name = axis;
      each(texts, path + "." + name, [&](const std::string& text, const std::string& at) {
        if (name == "pair") pair(text, at);
        if (name == "method") add({"method", method_name(text).method, at, At::kValue});
        if (name == "dataset") add({"dataset", text, at, At::kValue});
        if (name == "target") add({"model", text, at, At::kValue});
        if (name == "source") add({"model", text.substr(0, text.find('@')), at, At::kValue});
      });
    }
  }

  void of_exceptions(const GridDef& grid) {
    for (std::size_t i = 0; i < grid.except.size(); ++i)
      matched(grid.except[i], grid.path + ".except." + std::to_string(i));
  }

  const Suite& suite_;
  std::vector<Mention> found_;
  bool use_ = true;
};

/// What the names of a suite's uses lead to.
std::set<std::string> used(const Suite& suite) {
  std::set<std::string> names;
  for (const auto& mention : mentions(suite))
    if (mention.use) names.insert(mention.kind + " " + mention.name);
  return names;
}

/// Each definition with the kind and name by which it is used.
std::vector<std::pair<std::string, std::string>> definitions(const Suite& suite) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto add = [&](const std::string& kind, const auto& defs) {
    for (const auto& def : defs) all.emplace_back(def.path, kind + " " + def.name);
  };
  add("dataset", suite.datasets);
  add("model", suite.models);
  add("model", suite.sources);
  add("model", suite.hubs);
  add("method", suite.methods);
  return all;
}

}  // namespace

std::vector<Mention> mentions(const Suite& suite) { return Collector(suite).all(); }

std::vector<std::string> defined_names(const Suite& suite, const std::string& kind) {
  std::vector<std::string> names;
  if (kind == "dataset") add_names(names, suite.datasets);
  if (kind == "method") add_names(names, suite.methods);
  if (kind == "model") {
    add_names(names, suite.models);
    add_names(names, suite.sources);
    add_names(names, suite.hubs);
  }
  return names;
}

Unused::Unused(const Suite& body) { keep_of(body); }

void Unused::keep_of(const Suite& profile) {
  const std::set<std::string> names = used(profile);
  for (const auto& [path, name] : definitions(profile)) {
    const auto known = std::ranges::find(paths_, path);
    if (names.contains(name)) {
      used_.push_back(path);
      if (known != paths_.end()) paths_.erase(known);
    } else if (known == paths_.end() && std::ranges::count(used_, path) == 0) {
      paths_.push_back(path);
    }
  }
}

}  // namespace ktb::core
