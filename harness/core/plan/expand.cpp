#include "core/plan/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/glob.hpp"
#include "core/base/suggest.hpp"
#include "core/suite/pair.hpp"

namespace ktb::core {
namespace {

using At = Document::At;
using Options = std::vector<std::pair<std::string, Json>>;

bool is_each(const std::string& name) { return name.ends_with(".*"); }

class Expander {
 public:
  explicit Expander(const Suite& suite) : suite_(suite) {}

  std::vector<Wish> all() {
    for (const auto& grid : suite_.grids) expand_grid(grid);
    return std::move(wishes_);
  }

  /// Exceptions that took nothing out.
  std::vector<std::string> idle() const {
    std::vector<std::string> paths;
    for (const auto& grid : suite_.grids) {
      const Json* given = suite_.text.find(grid.path + ".except");
      for (std::size_t i = 0; i < grid.except.size(); ++i)
        if (!matched_.contains(&grid.except[i]))
          paths.push_back(grid.path + ".except" +
                          (given && given->is_array() ? "." + std::to_string(i) : ""));
    }
    return paths;
  }

 private:
  void expand_grid(const GridDef& grid) {
    const std::vector<Options> settings = combinations(grid);
    for (const auto& [text, place] : places(grid)) {
      const Pair pair = *parse_pair(text);
      for (const auto& dataset : datasets(grid, pair, place)) {
        for (const double labels : grid.labels) {
          for (const auto& method : grid.methods) {
            for (Wish& wish : cells(pair, dataset, labels, method, place)) {
              wish.grid = grid.name;
              wish.seeds = grid.seeds;
              for (const auto& [option, values] : grid.cross) wish.option_axes.push_back(option);
              for (const auto& [option, values] : grid.vary) wish.option_axes.push_back(option);
              for (const auto& options : settings) keep(grid, wish, options);
              for (const auto control : grid.controls) {
                wish.control = control;
                for (const auto& options : settings) keep(grid, wish, options);
              }
            }
          }
        }
      }
    }
  }

  void keep(const GridDef& grid, Wish wish, const Options& options) {
    wish.options = options;
    const auto axes = axes_of(wish);
    bool out = false;
    for (const auto& globs : grid.except) {
      if (!matches(axes, globs)) continue;
      matched_.insert(&globs);
      out = true;
    }
    if (!out && seen_.insert(axes).second) wishes_.push_back(std::move(wish));
  }

  /// Each pair's text with the path of the line that names it.
  std::vector<std::pair<std::string, std::string>> places(const GridDef& grid) const {
    const std::string path = grid.path + ".pairs";
    const Json* given = suite_.text.find(path);
    std::vector<std::pair<std::string, std::string>> out;
    for (std::size_t i = 0; i < grid.pairs.size(); ++i) {
      out.emplace_back(grid.pairs[i],
                       given && given->is_array() ? path + "." + std::to_string(i) : path);
    }
    return out;
  }

  std::vector<std::string> datasets(const GridDef& grid, const Pair& pair,
                                    const std::string& place) const {
    if (!pair.target.dataset.empty()) return {pair.target.dataset};
    if (grid.datasets.empty()) {
      suite_.text.fail(place, At::kValue, "this pair has no data set",
                       "name `datasets` in the grid or at the top, or write \"a -> b@images\"");
    }
    return grid.datasets;
  }

  /// `cross` combines; `vary` moves one option at a time, the default of all comes first.
  static std::vector<Options> combinations(const GridDef& grid) {
    std::vector<Options> crossed = {{}};
    for (const auto& [option, values] : grid.cross) {
      std::vector<Options> next;
      for (const auto& before : crossed) {
        for (const auto& value : values) {
          next.push_back(before);
          next.back().emplace_back(option, value);
        }
      }
      crossed = std::move(next);
    }
    std::vector<Options> out;
    for (const auto& base : crossed) {
      out.push_back(base);
      for (const auto& [option, values] : grid.vary) {
        for (const auto& value : values) {
          out.push_back(base);
          out.back().emplace_back(option, value);
        }
      }
    }
    return out;
  }

  /// A pair as cells: `hub.*` gives one for each member, `<->` one for each direction.
  std::vector<Wish> cells(const Pair& pair, const std::string& dataset, double labels,
                          const std::string& method, const std::string& place) {
    std::vector<Wish> out;
    for (const auto& name : each(pair.source.name, place)) {
      out.push_back(cell({name, pair.source.dataset}, pair.target, dataset, labels, method, place));
    }
    if (pair.both) {
      const std::string back = pair.source.dataset.empty() ? dataset : pair.source.dataset;
      for (const auto& name : each(pair.target.name, place)) {
        out.push_back(cell({name, pair.target.dataset}, pair.source, back, labels, method, place));
      }
    }
    return out;
  }

  std::vector<std::string> each(const std::string& name, const std::string& place) const {
    if (!is_each(name)) return {name};
    const std::string hub = name.substr(0, name.size() - 2);
    if (const HubDef* def = suite_.hub(hub)) return def->members;
    std::vector<std::string> hubs;
    for (const auto& def : suite_.hubs) hubs.push_back(def.name);
    suite_.text.fail(place, At::kValue,
                     fmt::format("there is no hub `{}`{}", hub, did_you_mean(hub, hubs)),
                     "a hub is [hub] NAME = [...]");
  }

  Wish cell(const PairSide& source, const PairSide& target, const std::string& dataset,
            double labels, const std::string& method, const std::string& place) {
    Wish wish;
    wish.dataset = dataset;
    wish.labels = labels;
    wish.method = method;
    wish.place = place;
    wish.pair = show_pair(source, target);
    wish.source = source.dataset.empty() ? source.name : source.name + "@" + source.dataset;
    wish.sources = uses(source.name, source.dataset, wish);
    wish.target_model =
        target.name == "self" ? self_model(wish.sources) : target_model(target.name, place);
    wish.target = wish.target_model.empty() ? "self" : wish.target_model;
    return wish;
  }

  static std::string self_model(const std::vector<SourceWish>& sources) {
    if (sources.size() != 1) return "";
    return sources[0].cell ? sources[0].cell->target_model : sources[0].model;
  }

  std::string target_model(const std::string& name, const std::string& place) const {
    if (!suite_.source(name) && !suite_.hub(name) && !is_glob(name)) return name;
    suite_.text.fail(place, At::kValue,
                     fmt::format("`{}` cannot be a target: it is not a model", name),
                     "a target is a model's name or `self`");
  }

  std::vector<SourceWish> uses(const std::string& name, const std::string& dataset,
                               const Wish& wish) {
    if (std::count(open_.begin(), open_.end(), name)) {
      suite_.text.fail(wish.place, At::kValue, fmt::format("`{}` is made of itself", name),
                       fmt::format("{} -> {}", fmt::join(open_, " -> "), name));
    }
    open_.push_back(name);
    std::vector<SourceWish> out;
    if (const HubDef* hub = suite_.hub(name)) {
      for (const auto& member : hub->members) {
        for (auto& use : uses(member, dataset, wish)) out.push_back(std::move(use));
      }
    } else if (const SourceDef* def = suite_.source(name)) {
      out = def->cell.empty() ? std::vector{trained(*def, dataset, wish)} : finished(*def, wish);
    } else if (is_glob(name)) {
      suite_.text.fail(wish.place, At::kValue, fmt::format("`{}` is no source", name),
                       "only a hub's members have a star: \"hub.* -> target\"");
    } else {
      out.push_back({name, name, dataset.empty() ? wish.dataset : dataset, "", nullptr, nullptr});
    }
    open_.pop_back();
    return out;
  }

  static SourceWish trained(const SourceDef& def, const std::string& dataset, const Wish& wish) {
    const std::string on = !dataset.empty()      ? dataset
                           : def.dataset.empty() ? wish.dataset
                                                 : def.dataset;
    return {def.name, def.model, on, def.task, &def, nullptr};
  }

  /// `cell` + `method`: the same data set, labels and seeds as the cell that asks.
  std::vector<SourceWish> finished(const SourceDef& def, const Wish& wish) {
    const Pair pair = *parse_pair(def.cell);
    const std::string dataset = pair.target.dataset.empty() ? wish.dataset : pair.target.dataset;
    std::vector<SourceWish> out;
    for (Wish& made : cells(pair, dataset, wish.labels, def.method, def.path + ".cell")) {
      SourceWish use;
      use.name = made.source;
      use.def = &def;
      use.cell = std::make_shared<const Wish>(std::move(made));
      out.push_back(std::move(use));
    }
    return out;
  }

  const Suite& suite_;
  std::vector<Wish> wishes_;
  std::set<std::map<std::string, std::string>> seen_;
  std::vector<std::string> open_;
  std::set<const void*> matched_;  ///< exceptions
};

}  // namespace

std::map<std::string, std::string> axes_of(const Wish& wish) {
  std::map<std::string, std::string> axes = {{"grid", wish.grid},
                                             {"dataset", wish.dataset},
                                             {"pair", wish.pair},
                                             {"source", wish.source},
                                             {"target", wish.target},
                                             {"method", controlled(wish.method, wish.control)},
                                             {"labels", show_value(wish.labels)}};
  for (const auto& [option, value] : wish.options) axes["option." + option] = show_value(value);
  return axes;
}

bool matches(const std::map<std::string, std::string>& axes,
             const std::map<std::string, std::vector<std::string>>& globs) {
  for (const auto& [axis, patterns] : globs) {
    bool found = false;
    if (axis != "*") {
      const auto value = axes.find(axis);
      found = value != axes.end() && glob_any(patterns, value->second);
    } else {
      found = glob_any(patterns, axes.at("method") + " " + axes.at("pair"));
      for (const auto& [name, value] : axes) found = found || glob_any(patterns, value);
    }
    if (!found) return false;
  }
  return true;
}

Wish source_training(const SourceWish& source, Control control) {
  Wish wish;
  wish.taught_as = control;
  wish.dataset = source.dataset;
  wish.method = "scratch";
  wish.target = wish.target_model = source.model;
  wish.training = source.def;
  wish.place = source.def ? source.def->path : "";
  return wish;
}

const SourceDef* file_of(const SourceWish& source, Control control) {
  const bool file = control == Control::kNone && source.def && !source.def->weights.empty();
  return file ? source.def : nullptr;
}

const SourceDef* file_of_training(const Wish& wish) {
  const bool file =
      wish.taught_as == Control::kNone && wish.training && !wish.training->weights.empty();
  return file ? wish.training : nullptr;
}

std::vector<Wish> expand(const Suite& suite, std::vector<std::string>* idle) {
  Expander expander(suite);
  auto wishes = expander.all();
  if (idle) *idle = expander.idle();
  return wishes;
}

}  // namespace ktb::core
