#include "core/plan/draft.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/suggest.hpp"
#include "core/suite/recipe.hpp"

namespace ktb::core {
namespace {

using At = Document::At;

/// The share of train that is kept back where a suite tunes and names no `recipe.validation`.
constexpr double kTuningValidation = 0.1;

using Leaves = std::vector<std::pair<std::string, Json>>;

void collect(const Json& table, const std::string& path, Leaves& out) {
  for (const auto& [key, value] : table.items()) {
    const std::string at = join_path(path, key);
    if (value.is_object()) {
      collect(value, at, out);
    } else {
      out.emplace_back(at, value);
    }
  }
}

Leaves leaves(const Json& table) {
  Leaves out;
  collect(table, "", out);
  return out;
}

void forget(Origins& origin, const std::string& prefix) {
  std::erase_if(origin, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

/// One layer of a recipe, and which line set what.
void lay(LayeredRecipe& recipe, const Json& layer, const std::string& path, const Document& text) {
  if (layer.empty()) return;
  const Json before = recipe.values;
  apply_recipe(recipe.values, layer);
  for (const char* part : {"optimizer", "schedule"}) {
    if (before[part]["name"] != recipe.values[part]["name"]) forget(recipe.origin, part);
  }
  for (const char* extent : {"epochs", "steps"}) {
    if (recipe.values[extent] == 0) recipe.origin.erase(extent);
  }
  for (const auto& [key, value] : leaves(layer)) {
    const bool whole_part = key == "optimizer" || key == "schedule";
    recipe.origin[whole_part ? key + ".name" : key] = text.place(join_path(path, key)).text();
  }
}

}  // namespace

Drafter::Drafter(const Suite& suite, Describer& describer, std::int64_t steps)
    : suite_(suite), describer_(describer), steps_(steps) {
  if (tunes()) default_validation_ = kTuningValidation;
  list_rules();
}

bool Drafter::tunes() const {
  for (const auto& grid : suite_.grids) {
    for (const auto& name : grid.methods) {
      if (!suite_.method(name).tune.empty()) return true;
    }
  }
  return false;
}

void Drafter::list_rules() {
  for (const auto& rule : suite_.rules) {
    const auto list = [&](const std::string& group, const Json& table) {
      for (const auto& [key, value] : leaves(table)) {
        const std::string path = rule.path + "." + group + "." + key;
        const Place& place = suite_.text.place(path);
        rule_index_[path] = rules_.size();
        rules_.push_back({fmt::format("{}.{} = {}", group, key, show_value(value)),
                          place.line > 0 ? fmt::format("line {}", place.line) : place.file, 0});
      }
    };
    list("recipe", rule.recipe);
    list("option", rule.options);
  }
}

void Drafter::begin_pass() {
  found_.clear();
  methods_.clear();
  datasets_.clear();
  models_.clear();
  ids_.clear();
}

void Drafter::place_files(const std::string& kind, const std::string& plugin, Json& options,
                          const std::function<std::string(const std::string&)>& path_of) {
  const auto& file = describer_.plugin(kind, plugin);
  if (!file) return;
  for (const auto& option : file->paths) {
    const auto given = options.find(option);
    if (given == options.end() || !given->is_string() || *given == "") continue;
    *given = suite_.text.beside(path_of(option), given->get<std::string>());
  }
}

template <class Def>
const Def& Drafter::placed(std::map<std::string, Def>& known, const char* kind, Def def) {
  place_files(kind, def.plugin, def.options,
              [&](const std::string& option) { return join_path(def.path, option); });
  return known.emplace(def.name, std::move(def)).first->second;
}

const MethodDef& Drafter::method(const std::string& name) {
  const auto found = methods_.find(name);
  return found != methods_.end() ? found->second : placed(methods_, "method", suite_.method(name));
}

const DatasetDef& Drafter::dataset(const std::string& name) {
  const auto found = datasets_.find(name);
  return found != datasets_.end() ? found->second
                                  : placed(datasets_, "dataset", suite_.dataset(name));
}

const ModelDef& Drafter::model(const std::string& name) {
  const auto found = models_.find(name);
  return found != models_.end() ? found->second : placed(models_, "model", suite_.model(name));
}

std::string Drafter::dataset_id(const std::string& name) {
  const auto [id, fresh] = ids_.try_emplace(name);
  if (!fresh) return id->second;
  const DatasetDef& def = dataset(name);
  if (def.parts.empty()) return id->second = describer_.dataset(def.plugin, def.options);
  UnionSpec spec{def.shared_labels, {}};
  for (const auto& part : def.parts) {
    dataset_id(part);  // by itself too, so that what is wrong with it is told as its own
    const DatasetDef& own = dataset(part);
    spec.parts.push_back({part, own.plugin, own.options, own.train, own.test, ""});
  }
  return ids_[name] = describer_.united(std::move(spec));
}

std::string Drafter::model_id(const std::string& name, const std::string& dataset,
                              const std::string& goal, const SourceDef* is) {
  const auto [id, fresh] =
      ids_.try_emplace(fmt::format("{}@{}|{}|{}", name, dataset, goal, is ? is->name : ""));
  if (!fresh) return id->second;
  const ModelDef& def = model(name);
  const WeightsDef& weights = is ? is->weights : def.weights;
  ModelQuestion asked{{def.plugin, def.options}, dataset_id(dataset), goal, "", "", false, {}};
  if (weights.missing.empty()) {
    asked.weights = weights.file;
    asked.prefix = weights.prefix;
    asked.as_is = is != nullptr;
    if (is) asked.sites = def.from;
  }
  return id->second = describer_.model(std::move(asked));
}

std::vector<OptionValues> Drafter::candidates(const std::string& name) {
  std::vector<OptionValues> out = {{}};
  for (const auto& [option, values] : method(name).tune) {
    std::vector<OptionValues> next;
    for (const auto& before : out) {
      for (const auto& value : values) {
        next.push_back(before);
        next.back().emplace_back(option, value);
      }
    }
    out = std::move(next);
  }
  return out;
}

std::optional<SourceMode> Drafter::mode_of(const MethodDef& method, const std::string& base) const {
  if (const auto named = from_word<SourceMode>(method.source)) return named;
  if (const MethodAnswer* answer = describer_.about_method(base); answer && !answer->error)
    return answer->modes.empty() ? SourceMode::kNone : answer->modes.front();
  if (!base.empty()) return std::nullopt;
  return method.plugin == "scratch" ? SourceMode::kNone : SourceMode::kTrained;
}

std::vector<std::size_t> Drafter::matching(const Wish& wish, const Draft& draft) const {
  std::vector<std::size_t> out;
  if (suite_.rules.empty()) return out;
  auto axes = axes_of(wish);
  axes["method"] = wish.method;  // a control is trained as the method itself
  if (!draft.transfers() || wish.sources.empty()) {
    axes.erase("source");
    axes["pair"] = " -> " + wish.target;
  }
  for (std::size_t i = 0; i < suite_.rules.size(); ++i) {
    if (matches(axes, suite_.rules[i].match)) out.push_back(i);
  }
  return out;
}

std::shared_ptr<const LayeredRecipe> Drafter::recipe(const Wish& wish, const Draft& draft,
                                                     const std::vector<std::size_t>& rules) {
  std::string key = draft.method->name + "|" + (wish.training ? wish.training->name : "");
  key += fmt::format("|{}", word(wish.taught_as));
  for (const auto rule : rules) key += "|" + std::to_string(rule);
  auto& kept = recipes_[key];
  if (kept) return kept;
  auto made = std::make_shared<LayeredRecipe>();
  made->values = default_recipe();
  if (default_validation_ > 0) {
    made->values["validation"] = default_validation_;
    made->origin["validation"] = "default where a method is tuned";
  }
  lay(*made, suite_.recipe, "recipe", suite_.text);
  lay(*made, draft.method->recipe, draft.method->path + ".recipe", suite_.text);
  if (wish.training)
    lay(*made, wish.training->recipe, wish.training->path + ".recipe", suite_.text);
  for (const auto rule : rules) {
    lay(*made, suite_.rules[rule].recipe, suite_.rules[rule].path + ".recipe", suite_.text);
  }
  if (steps_ > 0) made->values.update({{"epochs", 0}, {"steps", steps_}});
  if (wish.taught_as == Control::kUntrained || file_of_training(wish))
    made->values.update({{"epochs", 0}, {"steps", 0}});
  Json deciding = made->values;
  deciding.erase("keep");
  deciding.erase("frozen");  // decides only where there is such a source: TrialBook
  made->text = deciding.dump();
  read_json(JsonView(made->values, suite_.file, "recipe"), made->recipe);
  check_schedule(made->recipe.schedule);
  return kept = std::move(made);
}

void Drafter::check_schedule(const Schedule& schedule) const {
  const std::string& name = schedule.name;
  const bool bare =
      (name == "step" && schedule.every == 0) || (name == "multistep" && schedule.at.empty());
  if (!bare) return;
  const std::string wants = name == "step" ? "every = 30" : "at = [150, 180]";
  suite_.text.fail("recipe.schedule", At::kKey,
                   fmt::format("schedule `{}` never falls: it wants `{}`", name, wants));
}

/// An optional setting comes from a rule or an axis and passes by a method that has no such option.
void Drafter::set(Draft& draft, const std::string& option, const Json& value,
                  const std::string& path, bool optional) {
  const MethodAnswer* base = describer_.about_method(draft.base_id);
  const bool told = base && !base->error;
  const bool has = !told || base->options.contains(option);
  if (optional) {
    Found& found = found_[path];
    found.applied = found.applied || has;
    if (told && found.known.empty()) {
      for (const auto& [name, ignored] : base->options.items()) found.known.push_back(name);
    }
    if (!has) return;
  }
  draft.options[option] = value;
  draft.origin[option] = suite_.text.place(path).text();
  draft.paths[option] = path;
  if (const auto rule = rule_index_.find(path); rule != rule_index_.end())
    draft.rules.push_back(rule->second);
}

void Drafter::lay_options(Draft& draft, const Wish& wish, const std::vector<std::size_t>& rules,
                          const OptionValues& tuned) {
  const MethodDef& method = *draft.method;
  const auto from_rules = [&](bool forced) {
    for (const auto index : rules) {
      const WhenRule& rule = suite_.rules[index];
      if (rule.forced != forced) continue;
      const bool named = rule.match.count("method") > 0 && forced;
      for (const auto& [option, value] : rule.options.items()) {
        set(draft, option, value, rule.path + ".option." + option, !named);
      }
    }
  };
  for (const auto& [option, value] : method.options.items()) {
    set(draft, option, value, method.path + "." + option, false);
  }
  from_rules(false);
  for (const auto& [option, value] : wish.options) {
    const std::string grid = "grid." + wish.grid;
    const std::string crossed = grid + ".cross." + option;
    set(draft, option, value, suite_.text.find(crossed) ? crossed : grid + ".vary." + option, true);
  }
  for (const auto& [option, value] : tuned) {
    set(draft, option, value, method.path + ".tune." + option, false);
  }
  from_rules(true);
}

void Drafter::ask_about(Draft& draft, const Wish& wish) {
  draft.dataset_id = dataset_id(wish.dataset);
  const std::string goal = wish.training ? wish.training->task : "";
  if (!wish.target_model.empty())
    draft.target_id = model_id(wish.target_model, wish.dataset, goal, file_of_training(wish));
  place_files("method", draft.method->plugin, draft.options,
              [&](const std::string& option) { return draft.paths[option]; });
  draft.method_id = describer_.method(draft.method->plugin, draft.options);
  for (const auto& use : wish.sources) {
    const std::string& model = use.cell ? use.cell->target_model : use.model;
    const std::string& dataset = use.cell ? use.cell->dataset : use.dataset;
    draft.source_ids.push_back(
        model.empty() ? "" : model_id(model, dataset, use.task, file_of(use, wish.control)));
  }
  const bool lost = !wish.target_model.empty() && draft.target_id.empty();
  const auto pairing = [&](const std::string& method) {
    draft.pairings.push_back(
        lost ? ""
             : describer_.pairing(method, draft.dataset_id, draft.target_id, draft.source_ids,
                                  from_word<SourceMode>(draft.method->source)));
  };
  pairing(draft.method_id);
  for (const auto& [name, weight] : draft.method->plus) {
    draft.plus_ids.push_back(describer_.method(method(name).plugin, method(name).options));
    pairing(draft.plus_ids.back());
  }
}

Draft Drafter::draft(const Wish& wish, const OptionValues& tuned) {
  Draft made;
  made.method = &method(wish.method);
  made.base_id = describer_.method(made.method->plugin, made.method->options);
  made.mode = mode_of(*made.method, made.base_id);
  const auto rules = matching(wish, made);
  for (const auto index : rules) {
    for (const auto& [key, value] : leaves(suite_.rules[index].recipe)) {
      made.rules.push_back(rule_index_.at(suite_.rules[index].path + ".recipe." + key));
    }
  }
  made.recipe = recipe(wish, made, rules);
  lay_options(made, wish, rules, tuned);
  ask_about(made, wish);
  return made;
}

void Drafter::check_found() const {
  for (const auto& [path, found] : found_) {
    if (found.applied) continue;
    const std::string option = path.substr(path.rfind('.') + 1);
    const std::string near = nearest(option, found.known);
    suite_.text.fail(path, At::kKey,
                     fmt::format("no method that this reaches has an option `{}`", option),
                     near.empty() ? "" : fmt::format("did you mean `{}`?", near));
  }
}

}  // namespace ktb::core
