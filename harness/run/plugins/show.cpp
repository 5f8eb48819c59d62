#include "run/plugins/show.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/output/escape.hpp"
#include "run/plugins/plain.hpp"
#include "run/plugins/sample_tasks.hpp"

namespace ktb::run {
namespace {

using core::markdown_code;
using core::markdown_prose;
using core::markdown_text;

/// What a plugin says of itself once it is made with its defaults.
struct Facts {
  Options options;
  std::string modes, sources;  ///< of a method
  std::string get;             ///< of a data set
};

std::string count_of(const MethodNeeds& needs) {
  if (needs.most == 0) return fmt::format("at least {}", needs.least);
  if (needs.least == needs.most) return std::to_string(needs.most);
  return fmt::format("{} to {}", needs.least, needs.most);
}

Facts facts_of(const core::PluginNote& note, Registry& registry) {
  Facts facts;
  if (note.kind == "model") {
    facts.options = declared_by(registry, note.name);
  } else if (note.kind == "method") {
    const auto needs = registry.method(note.name, facts.options)->needs();
    std::vector<std::string> modes;
    for (const auto mode : needs.modes) modes.push_back(to_string(mode));
    facts.modes = fmt::format("{}", fmt::join(modes, ", "));
    facts.sources = count_of(needs);
  } else {
    facts.get = registry.dataset(note.name, facts.options)->get();
  }
  return facts;
}

std::string limits(const OptionInfo& info) {
  if (info.file) return "a file";
  if (!info.choices.empty()) return fmt::format("one of {}", fmt::join(info.choices, ", "));
  const bool below = info.range.least > -1e300, above = info.range.most < 1e300;
  if (below && above) return fmt::format("{} to {}", info.range.least, info.range.most);
  if (below) return fmt::format("at least {}", info.range.least);
  if (above) return fmt::format("at most {}", info.range.most);
  return "";
}

/// `depth=20`, as the alias itself has it.
std::string preset_of(const core::Alias& alias) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : alias.preset.items())
    parts.push_back(fmt::format("{} = {}", name, value.dump()));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// A sentence that can stand in the page: first letter large, a full stop at the end.
std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text.back() == '.' ? text : text + ".";
}

std::string option_table(const Options& options) {
  if (options.declared().empty()) return "No options.\n";
  std::string out = "| option | default | values | meaning |\n|---|---|---|---|\n";
  for (const auto& info : options.declared()) {
    out += fmt::format("| {} | {} | {} | {} |\n", markdown_code(info.name),
                       markdown_code(to_json(info.fallback).dump()), markdown_text(limits(info)),
                       markdown_prose(info.help));
  }
  return out;
}

}  // namespace

std::string show(const core::PluginNote& note, Registry& registry) {
  const Facts facts = facts_of(note, registry);
  auto out = fmt::format("{} {}\n  {}\n  {}\n", note.kind, note.name, note.summary, note.citation);
  if (!facts.modes.empty()) {
    out += fmt::format("  source: {} (default first); number of sources: {}\n", facts.modes,
                       facts.sources);
  }
  if (!facts.get.empty()) out += "  " + facts.get + "\n";
  if (facts.options.declared().empty()) out += "  no options\n";
  for (const auto& info : facts.options.declared()) {
    out += fmt::format("  {:<20} {:<10} {}{}\n", info.name, to_json(info.fallback).dump(),
                       info.help, limits(info).empty() ? "" : " (" + limits(info) + ")");
  }
  for (const auto& alias : note.aliases)
    out += fmt::format("  alias {} = {} {}\n", alias.name, note.name, alias.preset.dump());
  return out;
}

std::string show_markdown(const core::PluginNote& note, Registry& registry, int depth) {
  const Facts facts = facts_of(note, registry);
  auto out = fmt::format("{} {}\n\n{}", std::string(static_cast<std::size_t>(depth), '#'),
                         markdown_text(note.name), markdown_prose(sentence(note.summary)));
  if (!note.citation.empty()) out += " " + markdown_prose(sentence(note.citation));
  out += "\n\n";
  if (!facts.modes.empty()) {
    out += facts.modes == "none"
               ? "Takes no source.\n\n"
               : fmt::format("Sources: {}; `source` = {}.\n\n", facts.sources, facts.modes);
  }
  if (!facts.get.empty()) out += core::markdown_block(facts.get) + "\n";
  out += option_table(facts.options);
  if (note.aliases.empty()) return out + "\n";
  out += "\n| alias | stands for |\n|---|---|\n";
  for (const auto& alias : note.aliases)
    out += fmt::format("| {} | {} |\n", markdown_code(alias.name), markdown_code(preset_of(alias)));
  return out + "\n";
}

std::string show_page(Registry& registry, const std::string& kind) {
  struct Part {
    const char *kind, *title, *text;
  };
  static constexpr std::array<Part, 3> kParts = {{
      {"method", "Methods",
       "`source` lists how a method's source may come about, the default first: `none`, `trained` "
       "(frozen),\n`trained-joint` (trained on), `fresh-joint` (trained beside the target). "
       "Defaults "
       "are those of the code that the\nmethod's file names.\n"},
      {"model", "Models", "An alias is the same plugin with options preset.\n"},
      {"dataset", "Data sets",
       "How to get the files stands with each; `ktbench data` says which are found.\n"},
  }};
  std::string out =
      "# Methods, models, data sets\n\n"
      "What the plugins say of themselves: `ktbench plugin show --all --format markdown` wrote "
      "this "
      "page, and a test keeps it\nso. A suite sets an option by its name, `[method.NAME]` or "
      "`[model.NAME]`; see [write-a-suite.md](write-a-suite.md).\n\n";
  const std::vector<core::PluginNote> notes = registry.notes();
  for (const Part& part : kParts) {
    if (!kind.empty() && kind != part.kind) continue;
    out += fmt::format("## {}\n\n{}\n", part.title, part.text);
    for (const auto& note : notes)
      if (note.kind == part.kind) out += show_markdown(note, registry, 3);
  }
  while (out.size() > 1 && out[out.size() - 2] == '\n') out.pop_back();
  return out;
}

}  // namespace ktb::run
