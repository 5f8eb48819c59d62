#include "core/suite/read_suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/suggest.hpp"
#include "core/suite/build.hpp"
#include "core/suite/fields.hpp"
#include "core/suite/names.hpp"
#include "core/suite/toml.hpp"

namespace ktb::core {
namespace {

using At = Document::At;
namespace fs = std::filesystem;

constexpr auto kBody = "paper";  // the profile that every suite has

/// The file with its parents under it.
Document load(const std::string& shown, std::vector<std::string> children) {
  Document document = read_toml(shown, shown);
  const Fields top(document, "");
  if (!top.has("extends")) return document;
  const std::string parent =
      (fs::path(shown).parent_path() / top.text("extends")).lexically_normal();
  children.push_back(fs::path(shown).lexically_normal());
  if (std::count(children.begin(), children.end(), parent)) {
    document.fail("extends", At::kValue, fmt::format("`{}` extends itself in the end", parent),
                  fmt::format("{} -> {}", fmt::join(children, " -> "), parent));
  }
  if (!fs::exists(parent)) {
    document.fail("extends", At::kValue,
                  fmt::format("there is no suite `{}`{}", parent, suite_like(parent)),
                  "the path counts from this file's folder");
  }
  Document base = load(parent, children);
  base.overlay(document);
  base.root = document.root;
  base.erase("extends");
  return base;
}

std::string digest_of(const Document& document) {
  std::string text;
  for (const auto& [file, lines] : document.lines)
    text += fmt::format("{}\n", fmt::join(lines, "\n"));
  return sha256_text(text);
}

std::vector<std::string> profile_names(const Document& document) {
  const Json* profiles = document.find("profile");
  if (profiles && !profiles->is_object()) {
    document.fail("profile", At::kKey, "a profile has a name: [profile.quick]",
                  "the one taken when none is named is `default_profile`");
  }
  for (const auto& name : document.keys("profile")) {
    Fields(document, "profile").expect_table(name, "seeds = 1");
    for (const char* key : {"ktbench", "extends", "default_profile", "profile"}) {
      const std::string path = "profile." + name + "." + key;
      if (document.find(path))
        document.fail(path, At::kKey, fmt::format("a profile cannot change `{}`", key),
                      "it stands above the first [header], for all profiles");
    }
  }
  return document.keys("profile");
}

std::string choose_profile(const Document& document, const std::string& asked,
                           const std::vector<std::string>& defined) {
  const Fields top(document, "");
  const std::string name = !asked.empty() ? asked : top.text("default_profile", kBody);
  std::vector<std::string> known = defined;
  if (!std::count(known.begin(), known.end(), kBody)) known.push_back(kBody);
  if (std::count(known.begin(), known.end(), name)) return name;
  const std::string list = fmt::format("profiles: {}", fmt::join(known, ", "));
  const std::string message =
      fmt::format("there is no profile `{}`{}", name, did_you_mean(name, known));
  if (asked.empty()) document.fail("default_profile", At::kValue, message, list);
  throw SuiteError(fmt::format("{}: error: {}\n  {}; `paper` is the suite's body\nNothing was run.",
                               document.root.file, message, list));
}

Document with_profile(const Document& document, const std::string& profile) {
  Document out = document;
  out.overlay(document, "profile." + profile);
  out.erase("profile");
  return out;
}

/// What --set names: a setting of trials wins over every rule,
/// anything else changes the suite's text.
bool is_rule(const std::string& override_text) {
  static const std::vector<std::string> kGrammar = {"plugin", "label", "source", "plus", "tune"};
  const std::string key = override_text.substr(0, override_text.find('='));
  if (key.starts_with("recipe.") || key.starts_with("option.")) return true;
  if (!key.starts_with("method.")) return false;
  const auto dot = key.find('.', 7);
  if (dot == key.npos) return false;
  const std::string setting = key.substr(dot + 1, key.find_first_of(". ", dot + 1) - dot - 1);
  return !std::count(kGrammar.begin(), kGrammar.end(), setting);
}

/// The rule behind the i-th --set; its text stands at `set.i`.
WhenRule forced_rule(const Document& document, std::size_t index) {
  WhenRule rule;
  rule.name = rule.path = "set." + std::to_string(index);
  rule.forced = true;
  const Fields at(document, rule.path);
  std::string settings = rule.path;
  if (at.has("method")) {
    const std::string name = document.keys(at.path("method")).front();
    rule.match["method"] = {name};
    settings = at.path("method") + "." + name;
    rule.options = *document.find(settings);
    rule.options.erase("recipe");
  } else if (at.has("option")) {
    rule.options = at.at("option");
  }
  if (const Json* recipe = document.find(settings + ".recipe")) {
    expect_recipe(document, settings + ".recipe");
    rule.recipe = *recipe;
  }
  return rule;
}

}  // namespace

Suite read_suite(const std::string& path, const std::string& profile,
                 const std::vector<std::string>& overrides) {
  const Document document = load(path, {});
  const std::vector<std::string> profiles = profile_names(document);
  const std::string chosen = choose_profile(document, profile, profiles);
  Unused unused(build_suite(with_profile(document, kBody)));
  for (const auto& other : profiles) unused.keep_of(build_suite(with_profile(document, other)));

  Document text = with_profile(document, chosen);
  for (const auto& change : overrides) {
    if (!is_rule(change)) text.overlay(read_override(change));
  }
  Suite suite = build_suite(std::move(text));
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    if (!is_rule(overrides[i])) continue;
    suite.text.overlay(read_override(overrides[i], "set." + std::to_string(i)));
    suite.rules.push_back(forced_rule(suite.text, i));
  }
  suite.file = path;
  suite.name = fs::path(path).stem();
  suite.digest = digest_of(document);
  suite.profile = chosen;
  suite.profiles = profiles;
  suite.unused = unused.paths();
  return suite;
}

}  // namespace ktb::core
