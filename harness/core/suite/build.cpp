#include "core/suite/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/suggest.hpp"
#include "core/base/weights/weights_path.hpp"
#include "core/suite/fields.hpp"
#include "core/suite/pair.hpp"
#include "core/suite/recipe.hpp"

namespace ktb::core {
namespace {

using At = Document::At;
using Words = std::vector<std::string>;

const Words kSections = {"dataset", "model", "source", "hub",   "recipe",
                         "method",  "when",  "grid",   "table", "limits"};
const Words kMatches = {"dataset", "source", "target", "pair", "method", "labels"};

class Builder {
 public:
  explicit Builder(Document document) { suite_.text = std::move(document); }

  Suite build() {
    head();
    for (const auto& name : defined("dataset", "{ plugin = \"cifar100\" }")) dataset(name);
    flat_unions();
    for (const auto& name : defined("model", "{ plugin = \"resnet\", depth = 20 }")) model(name);
    for (const auto& name : defined("source", "{ model = \"r56\" }")) source(name);
    for (const auto& name : defined("hub", "")) hub(name);
    for (const auto& name : defined("method", "{ plugin = \"kd\" }")) method(name);
    suite_.recipe = recipe("recipe");
    rules();
    for (const auto& name : defined("grid", "{ pairs = \"r56 -> r20\" }")) grid(name);
    limits();
    one_meaning();
    suite_.tables = build_tables(suite_.text, suite_.title);
    return std::move(suite_);
  }

 private:
  const Document& text() const { return suite_.text; }
  Fields fields(const std::string& path) const { return Fields(text(), path); }

  void head() {
    const Fields top = fields("");
    Words known = top_level_keys();
    known.insert(known.end(), kSections.begin(), kSections.end());
    known.push_back("profile");
    top.only(known);
    if (!top.has("ktbench")) {
      text().fail("ktbench", At::kKey, "a suite starts with the version of its grammar",
                  "write ktbench = 1 into its first line");
    }
    if (top.count("ktbench", 1, 1) != 1) {
      text().fail("ktbench", At::kValue, "this ktbench reads version 1 of the grammar",
                  "write 1, or take the ktbench that this suite was written for");
    }
    suite_.title = top.text("title");
    suite_.question = top.text("question");
    suite_.source_seeds = top.seeds("source_seeds");
    top.texts("datasets");
    top.texts("methods");
    top.numbers("labels", 0);
    top.seeds("seeds");
  }

  /// The names under [kind.*] in the file's order.
  Words defined(const std::string& kind, const std::string& example) {
    const Fields top = fields("");
    if (!top.has(kind)) return {};
    if (!top.at(kind).is_object()) {
      const bool axis =
          std::count(top_level_keys().begin(), top_level_keys().end(), kind + "s") > 0;
      text().fail(kind, At::kKey,
                  fmt::format("`{}` defines: it wants tables such as [{}.NAME]", kind, kind),
                  axis ? fmt::format("the axis is `{}s`", kind) : "");
    }
    const Fields section = fields(kind);
    for (const auto& name : section.keys()) {
      const auto bad = name.find_first_of(" @*?<>,:\"'/");
      if (bad != name.npos || name == "self") {
        text().fail(section.path(name), At::kKey, fmt::format("`{}` cannot be a name", name),
                    "letters, digits, _ and -; `self` is taken");
      }
      if (!example.empty()) section.expect_table(name, name + " = " + example);
    }
    return section.keys();
  }

  template <class T>
  T definition(const std::string& kind, const std::string& name) const {
    T made;
    made.name = name;
    made.path = kind + "." + name;
    return made;
  }

  std::string plugin(const Fields& at, const std::string& name) const {
    const std::string given = at.text("plugin", name);
    if (given.empty()) at.wrong("plugin", "a plugin's name");
    return given;
  }

  /// What the grammar does not name goes to the plugin, which knows its options.
  Json options(const Fields& at, const Words& grammar) const {
    at.no_stray();
    Json out = Json::object();
    for (const auto& key : at.keys()) {
      if (std::find(grammar.begin(), grammar.end(), key) != grammar.end()) continue;
      if (at.at(key).is_object()) at.unknown(key, grammar);
      out[key] = at.at(key);
    }
    return out;
  }

  Json recipe(const std::string& path) const {
    const Json* found = text().find(path);
    if (!found) return Json::object();
    expect_recipe(text(), path);
    return *found;
  }

  OptionLists lists(const std::string& path) const {
    OptionLists out;
    const Json* table = text().find(path);
    if (table && !table->is_object()) {
      text().fail(path, At::kKey,
                  fmt::format("`{}` wants an option: {}.OPTION = [...]", path, path));
    }
    const Fields at = fields(path);
    for (const auto& option : at.keys()) {
      if (!at.at(option).is_array() || at.at(option).empty()) at.wrong(option, "a list of values");
      out.emplace_back(option, at.at(option).get<std::vector<Json>>());
    }
    return out;
  }

  void dataset(const std::string& name) {
    auto made = definition<DatasetDef>("dataset", name);
    const Fields at = fields(made.path);
    if (at.has("union")) {
      take_union(made, at);
    } else {
      made.plugin = plugin(at, name);
      made.options = options(at, {"plugin", "train", "test", "augment"});
    }
    made.train = at.count("train", 0, 0);
    made.test = at.count("test", 0, 0);
    made.augment = at.words("augment", "augmentation", {"crop4", "flip", "rotate15"});
    suite_.datasets.push_back(made);
  }

  /// Several data sets as one.
  void take_union(DatasetDef& made, const Fields& at) const {
    at.only({"union", "labels", "train", "test", "augment"});
    made.parts = at.texts("union");
    made.shared_labels = at.word("labels", "side", {"side", "shared"}) == "shared";
    const std::set<std::string> names(made.parts.begin(), made.parts.end());
    if (names.size() < 2 || names.size() < made.parts.size())
      at.wrong("union", "the names of two data sets or more, each once");
  }

  /// The parts of a union are plain data sets.
  void flat_unions() const {
    for (const auto& def : suite_.datasets)
      for (const auto& name : def.parts)
        if (!suite_.dataset(name).parts.empty())
          text().fail(def.path + ".union", At::kValue, fmt::format("`{}` is a union itself", name),
                      "name its parts here");
  }

  void model(const std::string& name) {
    auto made = definition<ModelDef>("model", name);
    const Fields at = fields(made.path);
    made.plugin = plugin(at, name);
    made.label = at.text("label");
    made.weights = weights(at);
    made.from = at.texts("from");
    made.into = at.texts("into");
    made.options = options(at, {"plugin", "label", "weights", "from", "into"});
    suite_.models.push_back(made);
  }

  /// A path counts from the file that names it.
  WeightsDef weights(const Fields& at) const {
    WeightsDef made;
    const std::string path = at.path("weights");
    const Json* given = text().find(path);
    if (given != nullptr && given->is_object()) {
      const Fields parts = fields(path);
      parts.only({"file", "prefix"});
      made.given = parts.text("file");
      made.prefix = parts.text("prefix");
      if (made.given.empty()) parts.wrong("file", "the path of a file of weights");
    } else {
      made.given = at.text("weights");
    }
    if (made.given.empty()) return made;
    auto found = find_weights(made.given, text().beside(path, "."));
    made.file = std::move(found.path);
    made.missing = std::move(found.missing);
    return made;
  }

  void source(const std::string& name) {
    auto made = definition<SourceDef>("source", name);
    const Fields at = fields(made.path);
    at.only({"model", "dataset", "task", "recipe", "weights", "cell", "method"});
    made.model = at.text("model");
    made.dataset = at.text("dataset");
    made.task = at.word("task", "", pretext_tasks());
    made.weights = weights(at);
    made.cell = at.text("cell");
    made.method = at.text("method");
    made.recipe = recipe(at.path("recipe"));
    if (made.cell.empty() == made.model.empty() || made.cell.empty() != made.method.empty()) {
      text().fail(
          made.path, At::kKey, fmt::format("[{}] wants `model`, or `cell` and `method`", made.path),
          "{ model = \"r56\", dataset = \"images\" } or { cell = \"a -> b\", method = \"kd\" }");
    }
    const Words idle =
        made.cell.empty() ? Words{} : Words{"model", "dataset", "task", "weights", "recipe"};
    for (const auto& key : idle) {
      if (at.has(key))
        text().fail(at.path(key), At::kKey,
                    fmt::format("a finished cell brings its own `{}`", key));
    }
    if (!made.cell.empty() && !parse_pair(made.cell)) not_a_pair(at.path("cell"), made.cell);
    if (!made.weights.empty() && at.has("recipe"))
      text().fail(at.path("recipe"), At::kKey,
                  "a source with `weights` is that file as it is, and is not trained",
                  "to train from it, name the weights in the [model] instead");
    suite_.sources.push_back(made);
  }

  [[noreturn]] void not_a_pair(const std::string& path, const std::string& given) const {
    text().fail(path, At::kValue, fmt::format("`{}` is not a pair", given),
                "a pair is \"source -> target\", \"hub.* -> self\" or \"a <-> b\"");
  }

  void hub(const std::string& name) {
    auto made = definition<HubDef>("hub", name);
    made.members = fields("hub").texts(name);
    if (made.members.empty()) fields("hub").wrong(name, "a list of at least one member");
    suite_.hubs.push_back(made);
  }

  void method(const std::string& name) {
    auto made = definition<MethodDef>("method", name);
    const Fields at = fields(made.path);
    made.plugin = plugin(at, name);
    made.label = at.text("label");
    made.source = at.word("source", "", {"none", "trained", "trained-joint", "fresh-joint"});
    made.recipe = recipe(at.path("recipe"));
    made.tune = lists(at.path("tune"));
    at.expect_table("plus", "{ kd = 1.0 }");
    for (const auto& other : fields(at.path("plus")).keys()) {
      made.plus.emplace_back(other, fields(at.path("plus")).number(other, 1, 0));
    }
    made.options = options(at, {"plugin", "label", "recipe", "source", "plus", "tune"});
    suite_.methods.push_back(made);
  }

  void rules() {
    if (const Json* all = text().find("when"); all && !all->is_array()) {
      text().fail("when", At::kKey, "a rule is a list entry: write [[when]] with two brackets");
    }
    const std::size_t count = text().find("when") ? text().find("when")->size() : 0;
    for (std::size_t i = 0; i < count; ++i) rule("when." + std::to_string(i));
  }

  void rule(const std::string& path) {
    WhenRule made;
    made.name = made.path = path;
    const Fields at = fields(path);
    Words known = kMatches;
    known.insert(known.end(), {"recipe", "option"});
    at.only(known);
    for (const auto& axis : kMatches) {
      if (at.has(axis)) made.match[axis] = at.patterns(axis);
    }
    made.recipe = recipe(at.path("recipe"));
    at.expect_table("option", "option.temperature = 4");
    if (at.has("option")) made.options = at.at("option");
    for (const auto& [option, value] : made.options.items()) {
      if (value.is_object()) fields(at.path("option")).wrong(option, "a value");
    }
    if (made.recipe.empty() && made.options.empty()) {
      text().fail(path, At::kKey, "this [[when]] sets nothing",
                  "add recipe.KEY = ... or option.KEY = ...");
    }
    suite_.rules.push_back(made);
  }

  void grid(const std::string& name) {
    auto made = definition<GridDef>("grid", name);
    const Fields at = fields(made.path), top = fields("");
    at.only(
        {"pairs", "methods", "datasets", "labels", "seeds", "except", "cross", "vary", "controls"});
    const auto own = [&](const std::string& key) -> const Fields& {
      return at.has(key) ? at : top;
    };
    made.pairs = at.texts("pairs");
    made.methods = own("methods").texts("methods");
    made.controls = controls(at);
    made.datasets = own("datasets").texts("datasets");
    made.labels = own("labels").numbers("labels", 0);
    made.seeds = own("seeds").seeds("seeds");
    if (made.labels.empty()) made.labels = {1.0};
    if (made.seeds.empty()) made.seeds = {0};
    if (made.pairs.empty())
      text().fail(made.path, At::kKey, fmt::format("[{}] has no `pairs`", made.path),
                  "e.g. pairs = [\"r56 -> r20\"]");
    if (made.methods.empty())
      text().fail(made.path, At::kKey, fmt::format("[{}] has no `methods`", made.path),
                  "name them here, or for every grid at the top");
    for (std::size_t i = 0; i < made.pairs.size(); ++i) {
      const std::string place =
          at.path("pairs") + (at.at("pairs").is_array() ? "." + std::to_string(i) : "");
      if (!parse_pair(made.pairs[i])) not_a_pair(place, made.pairs[i]);
    }
    made.cross = lists(at.path("cross"));
    made.vary = lists(at.path("vary"));
    made.except = exceptions(at);
    suite_.grids.push_back(made);
  }

  std::vector<Control> controls(const Fields& at) const {
    std::vector<Control> out;
    for (const auto& name : at.words("controls", "control", {"untrained", "shuffled"}))
      out.push_back(*from_word<Control>(name));
    return out;
  }

  /// A text is matched against every axis and against `method pair`; a table axis by axis.
  std::vector<std::map<std::string, Words>> exceptions(const Fields& at) const {
    std::vector<std::map<std::string, Words>> out;
    if (!at.has("except")) return out;
    const Json& given = at.at("except");
    if (!given.is_array() || (!given.empty() && given[0].is_string()) || given.is_string()) {
      for (const auto& pattern : at.texts("except")) out.push_back({{"*", {pattern}}});
      return out;
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      const Fields entry = fields(at.path("except") + "." + std::to_string(i));
      if (!given[i].is_object())
        at.wrong("except", "texts, or tables such as { method = \"kd\" }, in its list");
      entry.only(kMatches);
      auto& match = out.emplace_back();
      for (const auto& axis : entry.keys()) match[axis] = entry.patterns(axis);
    }
    return out;
  }

  void limits() {
    fields("").expect_table("limits", "[limits] seconds = 3600");
    const Fields at = fields("limits");
    at.only({"seconds", "memory", "retries"});
    suite_.limits.seconds = at.number("seconds", 0, 0);
    suite_.limits.memory = at.number("memory", 0, 0);
    suite_.limits.retries = static_cast<double>(at.count("retries", 1, 0));
  }

  /// The left of a pair is a model, a source or a hub: one name cannot be two of them.
  void one_meaning() const {
    std::map<std::string, std::string> seen;
    const auto take = [&](const std::string& name, const std::string& path) {
      const auto [old, fresh] = seen.emplace(name, path);
      if (!fresh) {
        text().fail(path, At::kKey, fmt::format("`{}` is also [{}]", name, old->second),
                    "a pair could mean either: rename one");
      }
    };
    for (const auto& def : suite_.models) take(def.name, def.path);
    for (const auto& def : suite_.sources) take(def.name, def.path);
    for (const auto& def : suite_.hubs) take(def.name, def.path);
  }

  Suite suite_;
};

}  // namespace

void expect_recipe(const Document& document, const std::string& path) {
  const Json& value = *document.find(path);
  if (!value.is_object()) {
    document.fail(path, At::kValue,
                  fmt::format("`{}` wants a table such as {{ epochs = 10 }}", path));
  }
  const auto fault = check_recipe(value);
  if (!fault) return;
  const std::string at = join_path(path, fault->key);
  const auto dot = fault->key.rfind('.');
  const std::string key = fault->key.substr(dot == std::string::npos ? 0 : dot + 1);
  if (fault->at_key && !fault->known.empty()) {
    const std::string table =
        join_path(path, dot == std::string::npos ? "" : fault->key.substr(0, dot));
    Fields(document, table).unknown(key, fault->known);
  }
  const Json* given = document.find(at);
  const std::string near =
      given && given->is_string() ? nearest(given->get<std::string>(), fault->known) : "";
  const std::string again = given ? respelled(*given, fault->message) : "";
  document.fail(at, fault->at_key ? At::kKey : At::kValue, fault->message,
                near.empty() ? again : fmt::format("did you mean `{}`?", near));
}

Suite build_suite(Document document) { return Builder(std::move(document)).build(); }

}  // namespace ktb::core
