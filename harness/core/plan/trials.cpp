#include "core/plan/trials.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/digest.hpp"
#include "core/base/version.hpp"

namespace ktb::core {
namespace {

bool trained(SourceMode mode) {
  return mode == SourceMode::kTrained || mode == SourceMode::kTrainedJoint;
}

bool is_frozen(const SourceRef& source) { return source.mode == SourceMode::kTrained; }

std::string word_of(std::optional<SourceMode> mode) { return mode ? word(*mode) : ""; }

std::string plural(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

/// How many sources a method takes, against how many it is given.
Reason wrong_count(const std::array<std::size_t, 2>& range, std::size_t given,
                   const std::string& method) {
  const auto [least, most] = range;
  if (given >= least && (most == 0 || given <= most)) return "";
  const std::string takes = least == most ? plural(least, "source")
                            : most == 0   ? fmt::format("at least {}", plural(least, "source"))
                                          : fmt::format("{} to {}", least, plural(most, "source"));
  return fmt::format("{} takes {}, not {}", method, takes, given);
}

/// One trial for cells that ask for different things to be kept keeps them all.
void keep_also(Trial& trial, const Trial& twin) {
  trial.keep_weights = trial.keep_weights || twin.keep_weights;
  for (const Keepsake what : twin.outline().recipe.keep)
    if (!trial.outline().recipe.keeps(what))
      trial.change([&](TrialSpec& spec) { spec.recipe.keep.push_back(what); });
}

}  // namespace

void DraftBook::settle(const std::vector<Wish>& wishes) {
  do {
    drafts_.clear();
    drafter_.begin_pass();
    for (const auto& wish : wishes) draft(wish);
  } while (describer_.ask());
  drafter_.check_found();
}

void DraftBook::draft(const Wish& wish) {
  const auto [entry, fresh] = drafts_.try_emplace(&wish);
  if (!fresh) return;
  std::vector<Draft> made;
  for (const auto& tuned : drafter_.candidates(wish.method)) {
    Draft next = drafter_.draft(wish, tuned);
    const bool known = std::any_of(made.begin(), made.end(),
                                   [&](const Draft& d) { return d.options == next.options; });
    if (!known) made.push_back(std::move(next));
  }
  const bool needs = made[0].transfers() && made[0].mode != SourceMode::kFreshJoint;
  drafts_[&wish] = std::move(made);
  if (!needs) return;
  for (const auto& use : wish.sources) draft(training_of(use, wish.control));
}

const Wish& DraftBook::training_of(const SourceWish& source, Control control) {
  if (source.cell) return *source.cell;
  const std::string key = fmt::format("{}@{}|{}|{}", source.model, source.dataset,
                                      source.def ? source.def->name : "", word(control));
  auto& wish = sources_[key];
  if (!wish) wish = std::make_unique<Wish>(source_training(source, control));
  return *wish;
}

bool DraftBook::has_trained_source(const Wish& wish) const {
  const Draft& draft = of(wish).front();
  return !wish.sources.empty() && draft.mode && trained(*draft.mode);
}

TrialBook::Training& TrialBook::training(const Wish& wish, std::size_t candidate) {
  auto& all = trainings_[&wish];
  const auto& drafts = drafts_.of(wish);
  if (all.empty()) all.resize(drafts.size());
  if (!all[candidate]) {
    all[candidate] = std::make_unique<Training>();
    Training& made = *all[candidate];
    made.wish = &wish;
    made.draft = &drafts[candidate];
    build(made);
    return made;
  }
  return *all[candidate];
}

void TrialBook::take(Training& training, const Part& part, const std::string& prefix) {
  training.lacks.insert(part.lacks.begin(), part.lacks.end());
  for (const auto& [name, place] : part.origin) training.origin[prefix + "." + name] = place;
  if (training.hole.empty()) training.hole = part.hole;
}

void TrialBook::build(Training& t) {
  const Wish& wish = *t.wish;
  const TaskPart& task =
      parts_.task(wish.dataset, wish.labels, wish.training ? wish.training->task : "");
  take(t, task, "task");
  t.spec.task = task.spec;
  t.texts["task"] = task.text;
  if (wish.taught_as == Control::kShuffled) shuffle_labels(t, task);
  build_method(t);
  if (t.hole.empty()) t.hole = cannot(t);
  build_target(t);
  build_sources(t);
  build_recipe(t);
  const bool transfers = t.draft->transfers() && !wish.sources.empty();
  t.spec.axes = {{"dataset", wish.dataset},
                 {"source", transfers ? wish.source : ""},
                 {"target", wish.target},
                 {"method", controlled(wish.method, wish.control)},
                 {"pair", transfers ? wish.pair : ""},
                 {"labels", show_value(wish.labels)}};
  for (const auto& option : wish.option_axes) {
    const Json& options = t.spec.method.options;
    if (options.contains(option)) t.spec.axes["option." + option] = show_value(options[option]);
  }
  t.spec.device = options_.device;
  t.spec.smoke = options_.smoke;
  t.spec.build = options_.build;
  t.spec.keep_weights = wish.method == "scratch" || t.spec.recipe.keeps(Keepsake::kWeights);
  t.spec.limits = suite_.limits;
  const auto hash = [&t](const char* key, const Json& value) { t.texts[key] = value.dump(); };
  hash("schema", t.spec.schema);
  hash("device", options_.device);
  hash("smoke", options_.smoke);
  hash("build", options_.build);
  hash("torch", options_.torch);
  t.texts["seed"] = t.texts["sources"] = "";  // differ from seed to seed: Trial::fields
  t.slug = slug(t);
}

void TrialBook::shuffle_labels(Training& t, const TaskPart& task) {
  t.spec.task.shuffled = true;
  Json fields = task.fields;
  fields["shuffled"] = true;
  t.texts["task"] = fields.dump();
  const DatasetAnswer* answer = describer_.about_dataset(drafter_.dataset_id(t.wish->dataset));
  const bool other =
      (answer && answer->task && !answer->task->categorical) || !task.spec.task.empty();
  if (other && t.hole.empty())
    t.hole = fmt::format("{} has no classes whose labels could be shuffled", t.wish->dataset);
}

/// What the method's descriptor and the pairing rule out.
Reason TrialBook::cannot(const Training& t) const {
  const Draft& draft = *t.draft;
  const std::string& name = draft.method->name;
  const MethodAnswer* answer = describer_.about_method(draft.method_id);
  if (answer && !answer->error) {
    std::vector<std::string> modes;
    for (const auto mode : answer->modes) modes.push_back(word(mode));
    if (!modes.empty() && !std::count(answer->modes.begin(), answer->modes.end(), draft.mode)) {
      return fmt::format("{} takes source = {}, not {}", name, fmt::join(modes, " or "),
                         word_of(draft.mode));
    }
    if (draft.transfers()) {
      const Reason wrong = wrong_count(answer->sources, t.wish->sources.size(), name);
      if (!wrong.empty()) return wrong;
    }
    if (answer->target && t.wish->target_model.empty()) {
      return fmt::format("{} needs a target, and `self` of several sources is none", name);
    }
  }
  for (std::size_t i = 0; i < draft.pairings.size(); ++i) {
    const Reason reason = describer_.unsuited(draft.pairings[i]);
    if (!reason.empty()) return i == 0 ? reason : draft.method->plus[i - 1].first + ": " + reason;
  }
  return "";
}

void TrialBook::build_target(Training& t) {
  const MethodAnswer* answer = describer_.about_method(t.draft->method_id);
  const bool none = t.wish->target_model.empty() || (answer && !answer->target);
  if (none) {
    t.texts["target"] = "null";
    return;
  }
  const ModelPart& model =
      parts_.model(t.wish->target_model, t.wish->dataset,
                   t.wish->training ? t.wish->training->task : "", file_of_training(*t.wish));
  take(t, model, "target");
  t.spec.target = model.spec;
  t.texts["target"] = model.text;
  if (t.draft->transfers()) {
    t.texts["sites"] = Json::array({model.spec.from, model.spec.into}).dump();
  } else {
    t.spec.target->from.clear();
    t.spec.target->into.clear();
  }
}

void TrialBook::build_method(Training& t) {
  const Draft& draft = *t.draft;
  const MethodPart part = parts_.method(*draft.method, draft.method_id, draft.options, draft.paths);
  take(t, part, "method");
  t.spec.method = part.spec;
  t.texts["method"] = part.fields.dump();
  Json fields = Json::array();
  for (std::size_t i = 0; i < draft.plus_ids.size(); ++i) {
    const auto& [name, weight] = draft.method->plus[i];
    const MethodDef& other = drafter_.method(name);
    std::map<std::string, std::string> paths;
    for (const auto& [option, value] : other.options.items())
      paths[option] = other.path + "." + option;
    MethodPart plus = parts_.method(other, draft.plus_ids[i], other.options, paths);
    plus.fields["weight"] = weight;
    take(t, plus, fmt::format("plus.{}", i));
    t.spec.plus.push_back({plus.spec, weight});
    fields.push_back(plus.fields);
  }
  t.texts["plus"] = fields.dump();
}

void TrialBook::build_sources(Training& t) {
  t.sources = Json::array();
  if (!t.draft->transfers() || !t.hole.empty()) return;
  for (const auto& use : t.wish->sources) add_source(t, use);
}

void TrialBook::add_source(Training& t, const SourceWish& use) {
  const std::string model_name = use.cell ? use.cell->target_model : use.model;
  const std::string dataset = use.cell ? use.cell->dataset : use.dataset;
  const SourceMode mode = t.draft->mode.value();
  if (model_name.empty()) {
    t.hole = fmt::format("source {}: its cell trains no single model", use.name);
    return;
  }
  const Control control = t.wish->control;
  const SourceDef* file = trained(mode) ? file_of(use, control) : nullptr;
  const ModelPart& model = parts_.model(model_name, dataset, use.task, file);
  const TaskPart& task = parts_.task(dataset, use.cell ? use.cell->labels : 1.0, use.task);
  const std::string prefix = fmt::format("sources.{}", t.feeds.size());
  take(t, model, prefix);
  take(t, task, prefix + ".task");
  SourceRef spec{model.spec, mode, "", task.spec};
  spec.name = use.name;
  Json fields = {{"mode", word(mode)}, {"from", model.spec.from}, {"into", model.spec.into}};
  if (control != Control::kNone && use.cell) {
    t.hole = fmt::format("source {}: a finished cell has no control", use.name);
    return;
  }
  const bool fed = trained(mode) && (!file || judged(use));
  const Wish* feed = fed ? &drafts_.training_of(use, control) : nullptr;
  if (!feed) {
    fields["model"] = model.fields;
    fields["task"] = task.fields;
  }
  if (feed) {
    if (drafts_.of(*feed).size() > 1) {
      t.hole = fmt::format(
          "source {}: its method is tuned, so which trial it is shows only afterwards", use.name);
    } else if (const std::string& reason = hole(*feed, 0); !reason.empty()) {
      t.hole = fmt::format("source {}: {}", use.name, reason);
    }
    spec.weights.clear();
    spec.prefix.clear();
  }
  t.spec.sources.push_back(std::move(spec));
  t.sources.push_back(std::move(fields));
  t.feeds.push_back(feed);
}

bool TrialBook::judged(const SourceWish& use) const {
  const DatasetAnswer* data = describer_.about_dataset(drafter_.dataset_id(use.dataset));
  const ModelAnswer* model =
      describer_.about_model(drafter_.model_id(use.model, use.dataset, use.task, use.def));
  return data && data->found && model && model->weights && model->weights->head;
}

void TrialBook::build_recipe(Training& t) {
  t.spec.recipe = t.draft->recipe->recipe;
  t.texts["recipe"] = t.draft->recipe->text;
  auto& how = t.spec.recipe.frozen;
  if (std::ranges::none_of(t.spec.sources, is_frozen)) how = Frozen::kPlain;
  if (how != Frozen::kPlain) t.texts["frozen"] = Json(word(how)).dump();
  for (const auto& [key, place] : t.draft->recipe->origin) t.origin["recipe." + key] = place;
}

/// Plugin names only: the same content has the same id in every suite.
std::string TrialBook::slug(const Training& t) const {
  std::string text = t.spec.method.plugin;
  for (const auto& source : t.spec.sources) {
    text += "-" + (t.feeds.size() > 2 ? std::to_string(t.feeds.size()) : source.plugin);
    if (t.feeds.size() > 2) break;
  }
  if (t.spec.target) text += "-" + t.spec.target->plugin;
  text += "-" + t.spec.task.plugin;
  for (char& c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-') c = '_';
  }
  return text;
}

std::map<std::string, std::string> TrialBook::option_axes(const Wish& wish) {
  std::map<std::string, std::string> axes;
  for (const auto& [axis, value] : training(wish, 0).spec.axes) {
    if (axis.starts_with("option.")) axes[axis] = value;
  }
  return axes;
}

std::size_t TrialBook::trial(const Wish& wish, std::size_t candidate, SeedAt at) {
  Training& t = training(wish, candidate);
  if (const auto made = t.made.find(at.seed); made != t.made.end()) return made->second;
  if (!t.outline) t.outline = std::make_shared<Outline>(t);
  Json sources = t.sources;
  std::vector<std::string> feeds(t.feeds.size());
  std::set<std::size_t> needs;
  for (std::size_t i = 0; i < t.feeds.size(); ++i) {
    if (!t.feeds[i]) continue;
    const auto& own = suite_.source_seeds;
    const bool finished = t.wish->sources[i].cell != nullptr;
    SeedAt source{own.empty() || finished ? at.seed : own[at.index % own.size()], at.index};
    if (file_of_training(*t.feeds[i])) source = {0, 0};  // a file is the same for all seeds
    const std::size_t index = trial(*t.feeds[i], 0, source);
    feeds[i] = trials_[index].id;
    sources[i]["trial"] = trials_[index].key;
    needs.insert(index);
  }
  Trial made;
  made.describe(t.outline, at.seed, std::move(feeds), sources.dump());
  return t.made[at.seed] = add(t, std::move(made), needs);
}

std::size_t TrialBook::add(Training& t, Trial made, const std::set<std::size_t>& needs) {
  made.key = sha256_text(made.fields());
  const auto [known, fresh] = by_key_.emplace(made.key, trials_.size());
  if (!fresh) {
    keep_also(trials_[known->second], made);
    return known->second;
  }
  made.id = fmt::format("{}-s{}-{}", t.slug, made.seed(), made.key.substr(0, 12));
  std::set<std::size_t> lacks = t.lacks;
  for (const auto index : needs) {
    made.needs.push_back(trials_[index].id);
    trials_[index].keep_weights = true;
    lacks.insert(lacks_[index].begin(), lacks_[index].end());
  }
  trials_.push_back(std::move(made));
  lacks_.push_back(std::move(lacks));
  first_drafts_.push_back(t.draft);
  return known->second;
}

void TrialBook::count_up() {
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    for (const auto rule : first_drafts_[i]->rules) ++drafter_.rules()[rule].trials;
    for (const auto lack : lacks_[i]) trials_[i].lacks.push_back(parts_.missing()[lack].what());
  }
}

}  // namespace ktb::core
