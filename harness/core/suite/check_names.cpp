#include "core/suite/check_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/suggest.hpp"
#include "core/suite/names.hpp"

namespace ktb::core {
namespace {

using At = Document::At;
using Words = std::vector<std::string>;

bool among(const Words& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

const char* nouns(const std::string& kind) {
  return kind == "model" ? "model, source or hub" : kind == "dataset" ? "data set" : "method";
}

std::string place_of(const Suite& suite, const std::string& kind, const std::string& name) {
  for (const std::string& section : kind == "model" ? Words{"model", "source", "hub"} : Words{kind})
    if (suite.text.find(section + "." + name) != nullptr)
      return fmt::format("`{}` is defined in line {}; ", name,
                         suite.text.place(section + "." + name).line);
  return "";
}

[[noreturn]] void misspelt(const Suite& suite, const Mention& mention, const std::string& near) {
  suite.text.fail(
      mention.path, mention.at,
      fmt::format("`{}` is no {} of this suite, and no plugin has that name (did you mean `{}`?)",
                  mention.name, nouns(mention.kind), near),
      fmt::format("{}`ktbench list {}s` has the plugins", place_of(suite, mention.kind, near),
                  mention.kind));
}

/// Calls `see(def.path, def.plugin, def.options)` for each definition of the kind.
template <class See>
void each_definition(const Suite& suite, const std::string& kind, See see) {
  const auto all = [&](const auto& definitions) {
    for (const auto& def : definitions) see(def.path, def.plugin, def.options);
  };
  if (kind == "dataset") all(suite.datasets);
  if (kind == "model") all(suite.models);
  if (kind == "method") all(suite.methods);
}

}  // namespace

void check_names(const Suite& suite, const HasPlugin& has_plugin) {
  const auto all = mentions(suite);
  for (const auto& mention : all) {
    Words known = defined_names(suite, mention.kind);
    if (!mention.use) {
      for (const auto& other : all)
        if (other.use && other.kind == mention.kind) known.push_back(other.name);
    }
    if (among(known, mention.name) || has_plugin(mention.kind, mention.name)) continue;
    const std::string near = nearest(mention.name, known);
    if (!near.empty()) misspelt(suite, mention, near);
  }
}

std::string line_naming(const Suite& suite, const std::string& kind, const std::string& plugin) {
  std::string line;
  each_definition(suite, kind, [&](const auto& path, const auto& of, const auto&) {
    if (line.empty() && of == plugin)
      line =
          suite.text.line(suite.text.find(path + ".plugin") != nullptr ? path + ".plugin" : path);
  });
  if (!line.empty()) return line;
  for (const auto& mention : mentions(suite))
    if (mention.use && mention.kind == kind && mention.name == plugin)
      return suite.text.line(mention.path);
  return "";
}

std::string line_setting(const Suite& suite, const std::string& plugin, const std::string& option) {
  std::string line;
  for (const char* kind : {"dataset", "model", "method"})
    each_definition(suite, kind, [&](const auto& path, const auto& of, const auto& options) {
      if (line.empty() && of == plugin && options.contains(option))
        line = suite.text.line(path + "." + option);
    });
  return line;
}

}  // namespace ktb::core
