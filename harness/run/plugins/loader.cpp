#include "run/plugins/loader.hpp"

#include <dlfcn.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <filesystem>
#include <map>

#include "core/base/error.hpp"
#include "core/base/suggest.hpp"
#include "core/base/version.hpp"
#include "ktb/abi.hpp"
#include "run/plugins/statics.hpp"

namespace ktb::run {
namespace {

namespace dll = boost::dll;

struct Opened {
  dll::shared_library library;
  std::string title;  ///< of the plugin: `method kd`
  Statics statics;
};

/// By path. Never destroyed: code of these libraries may run until the process ends.
std::map<std::string, Opened>& libraries() {
  static auto* const all = new std::map<std::string, Opened>;
  return *all;
}

const PluginDescriptor& open_library(const core::PluginNote& note) {
  const auto fail = [&](const std::string& why) {
    return core::PluginError(
        fmt::format("cannot load plugin `{}` ({}): {}", note.name, note.path, why));
  };
  std::error_code code;
  dll::shared_library library;
  Statics statics;
  const auto mode = dll::load_mode::rtld_now | dll::load_mode::rtld_local |
                    static_cast<dll::load_mode::type>(RTLD_NODELETE);
  library.load(std::filesystem::absolute(note.path), code, mode);
  if (code) {
    const char* reason = dlerror();  // Boost's own text ends in a misleading errno
    if (!reason) {
      dlopen(note.path.c_str(), RTLD_NOW | RTLD_LOCAL);
      reason = dlerror();
    }
    throw fail(fmt::format("{}\n{}", reason ? reason : code.message(), core::rebuild_advice(note)));
  }
  if (!library.has("ktb_plugin_descriptor")) throw fail("it exports no ktb_plugin_descriptor");
  const auto& descriptor = library.get<const PluginDescriptor>("ktb_plugin_descriptor");
  if (descriptor.size != sizeof(PluginDescriptor) || descriptor.abi != core::host_abi())
    throw fail("its descriptor does not match its note. " + core::rebuild_advice(note));
  statics.keep();
  libraries().try_emplace(note.path, std::move(library), note.kind + " " + note.name,
                          std::move(statics));
  return descriptor;
}

Registrar load(const core::PluginNote& note) {
  core::check_abi(note);
  const auto& descriptor = open_library(note);
  const auto fail = [&](const std::string& why) {
    return core::PluginError(
        fmt::format("plugin `{}` ({}) failed while it registered: {}", note.name, note.path, why));
  };
  Registrar registrar;
  try {
    descriptor.fill(registrar);
  } catch (const std::exception& error) {
    throw fail(error.what());
  } catch (...) {
    throw fail("it threw something that is no std::exception");
  }
  const bool filled = note.kind == "model"    ? bool(registrar.model)
                      : note.kind == "method" ? bool(registrar.method)
                                              : bool(registrar.dataset);
  if (!filled) throw fail("it registered no " + note.kind);
  return registrar;
}

}  // namespace

std::string why_not_again() {
  for (const auto& [path, opened] : libraries()) {
    if (opened.statics.changed())
      return opened.title + " keeps state in static variables, so each trial of it is a process";
    if (opened.statics.may_start_threads())
      return opened.title + " may start threads, so each trial of it is a process";
  }
  return "";
}

struct Registry::State {
  std::vector<core::PluginNote> notes;
  std::map<std::string, Registrar> loaded;     // by path
  std::map<std::string, core::Json> defaults;  // by path

  const Registrar& registrar(const core::PluginNote& note) {
    const auto known = loaded.find(note.path);
    if (known != loaded.end()) return known->second;
    return loaded.emplace(note.path, load(note)).first->second;
  }
};

Registry::Registry(const std::vector<std::string>& dirs) : state_(std::make_unique<State>()) {
  state_->notes = core::find_plugins(dirs);
}
Registry::~Registry() = default;

const std::vector<core::PluginNote>& Registry::notes() const { return state_->notes; }

const core::PluginNote& Registry::add(const std::string& path) try {
  state_->notes.insert(state_->notes.begin(), core::read_plugin_note(path));
  return state_->notes.front();
} catch (const core::Error& error) {
  throw core::PluginError(error.what());
}

void Registry::set_defaults(const core::PluginNote& note, const core::Json& options) {
  state_->defaults[note.path] = options;
}

std::vector<std::string> Registry::names(const std::string& kind) const {
  return core::plugin_names(state_->notes, kind);
}

bool Registry::knows(const std::string& kind, const std::string& name) const {
  return core::find_plugin(state_->notes, kind, name).note != nullptr;
}

namespace {

/// The registrar of a name; `options` gets the alias' presets below what it was given.
template <class State>
const Registrar& resolve(State& state, const std::string& kind, const std::string& name,
                         Options& options) {
  const auto [note, preset] = core::find_plugin(state.notes, kind, name);
  if (note == nullptr) {
    const auto known = core::plugin_names(state.notes, kind);
    throw core::PluginError(fmt::format("there is no {} plugin `{}`{}; known: {}", kind, name,
                                        core::did_you_mean(name, known), fmt::join(known, ", ")));
  }
  if (!preset.empty()) options.preset(values_from_json(preset));
  if (const auto own = state.defaults.find(note->path); own != state.defaults.end())
    options.preset(values_from_json(own->second));
  return state.registrar(*note);
}

/// Calls a factory; what the plugin throws names the plugin.
template <class Make>
auto construct(const std::string& kind, const std::string& name, Options& options, Make make) {
  try {
    auto made = make();
    options.reject_unknown();
    return made;
  } catch (const OptionError& error) {
    throw OptionError(error.option, fmt::format("{} `{}`: {}", kind, name, error.what()));
  } catch (const Error& error) {
    throw Error(fmt::format("{} `{}`: {}", kind, name, error.what()));
  } catch (const c10::Error& error) {
    throw Error(fmt::format("{} `{}`: {}", kind, name, error.what_without_backtrace()));
  }
}

}  // namespace

std::shared_ptr<Model> Registry::model(const std::string& name, const TaskSpec& task,
                                       Options& options) {
  const auto& registrar = resolve(*state_, "model", name, options);
  return construct("model", name, options, [&] { return registrar.model(task, options); });
}

std::shared_ptr<Method> Registry::method(const std::string& name, Options& options) {
  const auto& registrar = resolve(*state_, "method", name, options);
  return construct("method", name, options, [&] { return registrar.method(options); });
}

std::shared_ptr<Dataset> Registry::dataset(const std::string& name, Options& options) {
  const auto& registrar = resolve(*state_, "dataset", name, options);
  return construct("dataset", name, options, [&] { return registrar.dataset(options); });
}

namespace {

Value list_from_json(const std::string& name, const core::Json& json) {
  const auto all = [&](auto is) { return std::all_of(json.begin(), json.end(), is); };
  if (all([](const core::Json& x) { return x.is_number_integer(); }))
    return json.get<std::vector<std::int64_t>>();
  if (all([](const core::Json& x) { return x.is_number(); }))
    return json.get<std::vector<double>>();
  if (all([](const core::Json& x) { return x.is_string(); }))
    return json.get<std::vector<std::string>>();
  throw OptionError(name, fmt::format("option `{}` mixes types in its list", name));
}

}  // namespace

std::map<std::string, Value> values_from_json(const core::Json& json) {
  std::map<std::string, Value> out;
  for (const auto& [name, value] : json.items()) {
    if (value.is_boolean())
      out[name] = value.get<bool>();
    else if (value.is_number_integer())
      out[name] = value.get<std::int64_t>();
    else if (value.is_number())
      out[name] = value.get<double>();
    else if (value.is_string())
      out[name] = value.get<std::string>();
    else if (value.is_array())
      out[name] = list_from_json(name, value);
    else
      throw OptionError(
          name, fmt::format("option `{}` is a table; plugins take plain values and lists", name));
  }
  return out;
}

core::Json to_json(const Value& value) {
  return std::visit([](const auto& v) { return core::Json(v); }, value);
}

core::Json resolved(const Options& options) {
  auto out = core::Json::object();
  for (const auto& info : options.declared()) out[info.name] = to_json(info.value);
  return out;
}

}  // namespace ktb::run
