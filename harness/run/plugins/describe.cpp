#include "run/plugins/describe.hpp"

#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "core/base/digest.hpp"
#include "core/base/suggest.hpp"
#include "core/base/weights/weights_path.hpp"
#include "run/data/pretext_task.hpp"
#include "run/data/random.hpp"
#include "run/plugins/open_dataset.hpp"
#include "run/plugins/plain.hpp"
#include "run/weights/fit.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;

core::PluginFault fault_of(const std::string& message) { return {message, "", ""}; }

/// Runs `work`, or says what went wrong in the answer's own words. `options` are those that the
/// plugin had been given, to name the nearest known one.
template <class Answer, class Work>
Answer answered(const Options& options, Work work) {
  Answer answer;
  try {
    work(answer);
  } catch (const OptionError& error) {
    std::vector<std::string> known;
    for (const auto& info : options.declared()) known.push_back(info.name);
    const bool exists = std::count(known.begin(), known.end(), error.option) > 0;
    answer.error = {error.what(), error.option, exists ? "" : core::nearest(error.option, known)};
  } catch (const c10::Error& error) {
    answer.error = fault_of(error.what_without_backtrace());
  } catch (const std::exception& error) {
    answer.error = fault_of(error.what());
  }
  if constexpr (requires { answer.paths; })
    for (const auto& info : options.declared())
      if (info.file) answer.paths.push_back(info.name);
  return answer;
}

core::TaskAnswer plain_task(const TaskSpec& task) {
  core::TaskAnswer out{task.name,       task.kind,     {},
                       task.outputs,    task.labels,   task.categorical,
                       task.train_size, task.test_size};
  for (const auto& input : task.inputs)
    out.inputs.push_back(
        {input.name, input.shape, input.space, input.vocabulary, input.mean, input.deviation});
  return out;
}

/// What is wrong with the data: they are not there, or their content is not what it should be.
void note_problem(const std::exception_ptr& fault, core::DatasetAnswer& out) {
  out.unreadable = true;
  try {
    std::rethrow_exception(fault);
  } catch (const MissingData& error) {
    out.unreadable = false;
    out.problem = error.what();
  } catch (const OptionError& error) {
    out.unreadable = false;
    out.problem = error.what();
  } catch (const c10::Error& error) {
    out.problem = error.what_without_backtrace();
  } catch (const std::exception& error) {
    out.problem = error.what();
  }
}

/// Where data may come to lie that are not there yet, or others than those that are.
std::vector<core::FileStamp> stamps_of(const std::set<std::string>& folders) {
  std::vector<core::FileStamp> stamps;
  for (const auto& folder : folders) stamps.push_back(core::stamp_of(folder));
  return stamps;
}

/// A data set that makes its examples itself where its files are not there. They may yet come, so
/// the places are watched where they would be.
void note_generated(const DataFolder& folder, core::DatasetAnswer& out) {
  out.hash = "generated";
  for (const auto& place : folder.places()) out.watched.push_back(core::stamp_of(place));
}

/// The first place that a file lies in; none where the suite names it by an absolute path.
void note_place(const DataFolder& folder, const std::string& path, core::DatasetAnswer& out) {
  const auto place = std::ranges::find_if(folder.places(), [&](const std::string& one) {
    return path.starts_with(one.ends_with('/') ? one : one + "/");
  });
  if (place != folder.places().end() && std::ranges::find(out.places, *place) == out.places.end())
    out.places.push_back(*place);
}

/// From a file's folder up to the place that it is from, or to a folder that is watched already:
/// another file there may be another example.
void watch_around(const fs::path& file, const std::vector<std::string>& places,
                  std::set<std::string>& folders) {
  for (auto at = file.parent_path(); at.has_relative_path(); at = at.parent_path()) {
    if (std::ranges::find(places, at.string()) != places.end()) return;
    if (!folders.insert(at.string()).second) return;
  }
}

/// Throws Error where the content is not what it must be, with `cure`.
std::string checked_digest(const DataFile& file, const std::string& path, const std::string& cure) {
  const auto bytes = read_file(path);
  if (file.bytes > 0 && static_cast<std::int64_t>(bytes.size()) != file.bytes)
    throw Error(fmt::format("{} has {} bytes, expected {}: it is truncated or another file{}", path,
                            bytes.size(), file.bytes, cure));
  const auto found = digest(bytes, file.digest);
  if (!file.digest.empty() && found != file.digest)
    throw Error(fmt::format("{} is not the file expected: {}, expected {}{}", path, found,
                            file.digest, cure));
  return found;
}

/// What a data set that need not be the official one offers.
std::string cure_of(const Options& options) {
  const bool verifies = std::ranges::any_of(
      options.declared(), [](const OptionInfo& option) { return option.name == "verify"; });
  return verifies ? "; verify = false takes what is there" : "";
}

/// Where the files are, and whether they are what they must be. The hash of the data is that of the
/// names and digests of all its files.
void inspect_files(const Dataset& dataset, const DataFolder& folder, const Options& options,
                   core::DatasetAnswer& out) {
  std::vector<core::FileStamp> files;
  std::string digests;
  out.looked = folder.places();
  out.get = dataset.get();
  try {
    const auto wanted = dataset.files(folder);
    for (const auto& file : wanted) out.wanted.push_back(file.name);
    std::vector<std::string> paths;
    for (const auto& file : wanted) paths.push_back(folder.require(file.name));
    auto around = folder.watched();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      digests +=
          wanted[i].name + " " + checked_digest(wanted[i], paths[i], cure_of(options)) + "\n";
      files.push_back(core::stamp_of(paths[i]));
      note_place(folder, paths[i], out);
      watch_around(paths[i], folder.places(), around);
    }
    out.notes = dataset.notes(folder);
    out.watched = stamps_of(around);
  } catch (...) {
    note_problem(std::current_exception(), out);
  }
  out.found = out.problem.empty();
  if (!out.found) return;
  out.hash = core::sha256_text(digests);
  out.files = std::move(files);
}

/// A folder's config.json: what of it an option can be.
PublishedConfig published_config(const std::string& weights) {
  PublishedConfig config{weights + "/config.json", {}};
  const auto json = core::config_of_weights(weights);
  if (!json.is_object()) return config;
  for (const auto& [key, value] : json.items()) {
    if (value.is_number_integer()) config.values[key] = value.get<std::int64_t>();
    if (value.is_number_float()) config.values[key] = value.get<double>();
    if (value.is_boolean()) config.values[key] = value.get<bool>();
    if (value.is_string()) config.values[key] = value.get<std::string>();
  }
  return config;
}

core::WeightsAnswer fit_of(const Model& model, const core::ModelQuestion& asked) {
  core::WeightsAnswer out;
  try {
    const auto file = open_weights(asked.weights);
    const auto fit = fit_weights(model, file, asked.prefix, model.head_name());
    out.head = fit.head.empty();
    out.warnings = fit.warnings(asked.weights);
  } catch (const Error& error) {
    out.fault = error.what();
  }
  return out;
}

/// The task, as far as it can be known. What is thrown where all files are there is a fault of
/// their content; without them some data sets know no task.
std::optional<TaskSpec> known_task(const Dataset& dataset, const DataFolder& folder,
                                   core::DatasetAnswer& out) {
  try {
    return dataset.task(folder);
  } catch (const OptionError&) {
    if (out.found) throw;
  } catch (...) {
    if (out.found) note_problem(std::current_exception(), out);
    out.found = false;
    out.hash.clear();
  }
  return std::nullopt;
}

class Describer {
 public:
  Describer(const core::DescribeRequest& request, Registry& registry,
            const std::vector<std::string>& dirs)
      : request_(request), registry_(registry), dirs_(dirs) {}

  core::DescribeAnswers describe() {
    core::DescribeAnswers out;
    for (const auto& [id, asked] : request_.datasets) out.datasets[id] = dataset(id, asked);
    for (const auto& [id, asked] : request_.models) out.models[id] = model(id, asked);
    for (const auto& [id, asked] : request_.methods) out.methods[id] = method(id, asked);
    for (const auto& asked : request_.pairings) out.pairings.push_back(pairing(asked));
    return out;
  }

 private:
  /// What there is of each part, and the task that they make together.
  core::DatasetAnswer united(const std::string& id, const core::PluginQuestion& asked) {
    return answered<core::DatasetAnswer>(Options(), [&](core::DatasetAnswer& out) {
      out.options = asked.options;
      bool known = true;
      for (const auto& part : core::union_of(asked.options).parts) {
        const auto own = dataset(id + "/" + part.name, {part.plugin, part.options});
        if (own.error) throw Error(part.name + ": " + own.error->message);
        known = known && own.task;
        out.found = out.found && own.found;
        out.hash += own.hash + "\n";
        out.files.insert(out.files.end(), own.files.begin(), own.files.end());
        out.watched.insert(out.watched.end(), own.watched.begin(), own.watched.end());
        out.unreadable = out.unreadable || own.unreadable;
        if (out.problem.empty()) out.problem = own.problem;
      }
      out.hash = out.found ? core::sha256_text(out.hash) : "";
      if (!known) return;
      const auto made = open_dataset(registry_, asked.plugin, asked.options, dirs_);
      const auto& task = tasks_[id] = made->task(data_folder(*made, dirs_));
      out.task = plain_task(task);
      out.metric = tasks::make_task_kind(task)->primary();
    });
  }

  core::DatasetAnswer dataset(const std::string& id, const core::PluginQuestion& asked) {
    if (asked.plugin == core::kUnion) return united(id, asked);
    Options options(values_from_json(asked.options));
    return answered<core::DatasetAnswer>(options, [&](core::DatasetAnswer& out) {
      const auto made = registry_.dataset(asked.plugin, options);
      const auto folder = data_folder(*made, dirs_);
      out.options = resolved(options);
      inspect_files(*made, folder, options, out);
      auto task = known_task(*made, folder, out);
      if (!task) return;
      // Answers are kept for other suites, so they have the plugin's name, not the suite's.
      task->name = asked.plugin;
      out.task = plain_task(*task);
      out.metric = tasks::make_task_kind(*task)->primary();
      const bool endless = task->train_size == 0;  // an environment
      if (out.found && out.files.empty() && !endless) note_generated(folder, out);
      tasks_[id] = std::move(*task);
    });
  }

  core::ModelAnswer model(const std::string& id, const core::ModelQuestion& asked) {
    Options options(values_from_json(asked.options));
    return answered<core::ModelAnswer>(options, [&](core::ModelAnswer& out) {
      const RandomScope random(at::kCPU, 0);
      if (!asked.weights.empty()) options.publish(published_config(asked.weights));
      const auto task = pretext_spec(asked.task, task_of(asked.dataset));
      const auto made = registry_.model(asked.plugin, task, options);
      const auto& card = cards_[id] = measure(*made, asked.plugin, asked.plugin);
      model_task_[id] = task;
      out.options = resolved(options);
      out.parameters = card.parameters;
      out.features = card.features;
      out.pooled = card.pooled;
      out.takes = card.takes;
      out.gives = card.gives;
      if (asked.weights.empty()) return;
      out.weights = fit_of(*made, asked);
      if (asked.as_is && !out.weights->head) note_headless(id, asked, *made, out);
    });
  }

  /// A source as it is, whose head nobody has taught.
  void note_headless(const std::string& id, const core::ModelQuestion& asked, const Model& model,
                     const core::ModelAnswer& answer) {
    auto sites = asked.sites;
    if (sites.empty()) sites = {answer.gives};
    std::erase_if(sites, [&](const auto& site) { return !model.is_head(site); });
    headless_[id] = {answer.weights->warnings.front(), sites.empty() ? "" : sites.front()};
  }

  /// Why a method cannot take a frozen source whose head is not from its file; "": it can.
  std::string headless(const core::PairingQuestion& asked, const Method& method, Mode usual) const {
    for (std::size_t i = 0; i < asked.sources.size(); ++i) {
      const auto found = headless_.find(asked.sources[i]);
      const Mode mode = i < asked.modes.size() ? mode_of(asked.modes[i]) : usual;
      if (found == headless_.end() || mode != Mode::kTrained) continue;
      const auto use = method.use(i);
      const auto& [why, site] = found->second;
      if (use.model && use.head)
        return fmt::format("{} reads what a source predicts, and {}", asked_plugin(asked.method),
                           why);
      if (use.sites && !site.empty())
        return fmt::format("{} reads a source's {}, and {}", asked_plugin(asked.method), site, why);
    }
    return "";
  }
  const std::string& asked_plugin(const std::string& method) const {
    return request_.methods.at(method).plugin;
  }

  core::MethodAnswer method(const std::string& id, const core::PluginQuestion& asked) {
    Options options(values_from_json(asked.options));
    return answered<core::MethodAnswer>(options, [&](core::MethodAnswer& out) {
      const auto made = registry_.method(asked.plugin, options);
      methods_[id] = made;
      const auto needs = made->needs();
      out.options = resolved(options);
      for (const auto mode : needs.modes) out.modes.push_back(source_mode(mode));
      out.sources = {static_cast<std::size_t>(needs.least), static_cast<std::size_t>(needs.most)};
      out.target = needs.target;
    });
  }

  core::PairingAnswer pairing(const core::PairingQuestion& asked) {
    return answered<core::PairingAnswer>(Options(), [&](core::PairingAnswer& out) {
      const auto found = methods_.find(asked.method);
      if (found == methods_.end()) throw Error("the method could not be described");
      Pairing pairing;
      pairing.task = task_of(asked.task);
      if (asked.target) pairing.target = party(*asked.target, Mode::kNone);
      const auto usual = found->second->needs().modes.front();
      for (std::size_t i = 0; i < asked.sources.size(); ++i)
        pairing.sources.push_back(
            party(asked.sources[i], i < asked.modes.size() ? mode_of(asked.modes[i]) : usual));
      out.unsuited = found->second->unsuited(pairing);
      if (out.unsuited.empty()) out.unsuited = headless(asked, *found->second, usual);
    });
  }

  Pairing::Party party(const std::string& id, Mode mode) const {
    const auto card = cards_.find(id);
    if (card == cards_.end()) throw Error("model " + id + " could not be described");
    return {model_task_.at(id), card->second, mode};
  }

  const TaskSpec& task_of(const std::string& id) const {
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) throw Error("its task is not known without the data");
    return found->second;
  }

  const core::DescribeRequest& request_;
  Registry& registry_;
  const std::vector<std::string>& dirs_;
  std::map<std::string, TaskSpec> tasks_;
  std::map<std::string, ModelCard> cards_;
  std::map<std::string, TaskSpec> model_task_;  ///< that it learns
  /// By model: why its head is not its file's, and the first of its sites there, if any.
  std::map<std::string, std::pair<std::string, std::string>> headless_;
  std::map<std::string, std::shared_ptr<Method>> methods_;
};

}  // namespace

core::DescribeAnswers describe(const core::DescribeRequest& request, Registry& registry,
                               const std::vector<std::string>& data_dirs) {
  return Describer(request, registry, data_dirs).describe();
}

}  // namespace ktb::run
