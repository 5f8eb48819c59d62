#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/suggest.hpp"
#include "core/plan/catalogue.hpp"
#include "core/plan/union_spec.hpp"

namespace ktb::core {

/// Plugins from memory: what each has for options and how it may be used.
class FakeCatalogue final : public Catalogue {
 public:
  struct Method {
    Json options = Json::object();
    std::vector<SourceMode> modes = {SourceMode::kTrained, SourceMode::kTrainedJoint};
    std::array<std::size_t, 2> sources = {1, 1};
    bool target = true;
  };
  std::map<std::string, Json> datasets, models;  ///< name -> default options
  std::map<std::string, Method> methods;
  std::map<std::string, std::pair<std::string, Json>> aliases;  ///< model alias -> plugin, preset
  std::map<std::string, bool> absent_data;
  std::map<std::string, TaskAnswer> tasks;      ///< of data sets, where not that of all others
  std::map<std::string, std::string> unsuited;  ///< method plugin -> reason
  std::map<std::string, std::string> hashes;    ///< plugin -> hash, where not the name's
  std::map<std::string, std::vector<std::string>> paths;  ///< plugin -> options that name files
  int calls = 0;
  DescribeRequest last_request;

  std::optional<PluginFile> find(const std::string& kind, const std::string& name) override {
    PluginFile file{kind, name, "/plugins/" + name + ".so", "", "", "", Json::object(), {}};
    if (kind == "model" && aliases.count(name)) {
      file.name = aliases[name].first;
      file.preset = aliases[name].second;
    }
    const bool known = kind == "dataset" ? datasets.count(name) > 0
                       : kind == "model" ? models.count(file.name) > 0
                                         : methods.count(name) > 0;
    if (!known) return std::nullopt;
    file.hash = hashes.count(file.name) ? hashes[file.name] : "hash of " + file.name;
    if (calls > 0) file.paths = paths[file.name];  // before, nobody has asked the plugin
    return file;
  }

  std::vector<std::string> names(const std::string& kind) override {
    std::vector<std::string> out;
    if (kind == "dataset")
      for (const auto& [name, o] : datasets) out.push_back(name);
    if (kind == "model")
      for (const auto& [name, o] : models) out.push_back(name);
    if (kind == "method")
      for (const auto& [name, o] : methods) out.push_back(name);
    return out;
  }

  DescribeAnswers describe(const DescribeRequest& request) override {
    ++calls;
    last_request = request;
    DescribeAnswers answers;
    for (const auto& [id, asked] : request.datasets) answers.datasets[id] = dataset(asked);
    for (const auto& [id, asked] : request.models)
      resolve(models.at(asked.plugin), asked, answers.models[id]);
    for (const auto& [id, asked] : request.methods) {
      const Method& method = methods.at(asked.plugin);
      MethodAnswer& out = answers.methods[id];
      resolve(method.options, asked, out);
      if (out.error) continue;
      out.modes = method.modes;
      out.sources = method.sources;
      out.target = method.target;
    }
    for (const auto& pairing : request.pairings) {
      const auto reason = unsuited.find(request.methods.at(pairing.method).plugin);
      answers.pairings.push_back({{}, reason == unsuited.end() ? "" : reason->second});
    }
    return answers;
  }

 private:
  DatasetAnswer dataset(const PluginQuestion& asked) const {
    DatasetAnswer out;
    if (asked.plugin == kUnion)
      out.options = asked.options;
    else
      resolve(datasets.at(asked.plugin), asked, out);
    TaskAnswer& task = out.task.emplace();
    task.name = asked.plugin;
    task.kind = "classification";
    task.outputs = 10;
    task.categorical = true;
    task.train_size = 50000;
    task.test_size = 10000;
    if (const auto own = tasks.find(asked.plugin); own != tasks.end()) task = own->second;
    out.metric = "top1";
    out.found = !absent_data.count(asked.plugin);
    out.hash = out.found ? "data of " + asked.plugin : "";
    if (!out.found) {
      out.wanted = {"train.bin"};
      out.looked = {"/data", "/usr/share"};
      out.get = "unpack it into /data";
    }
    return out;
  }

  static void resolve(const Json& defaults, const PluginQuestion& asked, PluginAnswer& out) {
    out.options = defaults;
    for (const auto& [name, value] : asked.options.items()) {
      if (!defaults.contains(name)) {
        std::vector<std::string> known;
        for (const auto& [other, ignored] : defaults.items()) known.push_back(other);
        out.error = {asked.plugin + " has no option `" + name + "`", name, nearest(name, known)};
        return;
      }
      out.options[name] = value;
    }
  }
};

/// Everything that the two suites of tests/golden/suites name.
inline FakeCatalogue full_catalogue() {
  FakeCatalogue all;
  all.datasets = {{"cifar100", Json::object()},
                  {"fashion_mnist", Json::object()},
                  {"glyphs", {{"fonts", ""}}},
                  {"emoji", {{"artist", ""}}}};
  all.models = {{"resnet", {{"depth", 20}, {"width", 1}}},
                {"mobilenetv2", {{"width", 1.0}}},
                {"shufflenetv2", Json::object()},
                {"vgg13", Json::object()},
                {"vgg8", Json::object()},
                {"vit", Json::object()}};
  all.aliases["resnet20"] = {"resnet", {{"depth", 20}}};
  all.methods["scratch"] = {Json::object(), {SourceMode::kNone}, {0, 0}, true};
  all.methods["kd"].options = {{"temperature", 4.0}, {"alpha", 0.9}};
  all.methods["dkd"].options = {{"alpha", 1.0}, {"beta", 8.0}, {"temperature", 4.0}};
  for (const char* name : {"fitnet", "at", "rkd", "crd", "reviewkd"})
    all.methods[name].options = {{"weight", 1.0}};
  all.methods["finetune"].modes = {SourceMode::kTrainedJoint};
  all.methods["hub_pathway"] = {{{"k", 1}, {"noise", true}, {"explore", 0.1}, {"exploit", 0.1}},
                                {SourceMode::kTrainedJoint},
                                {1, 0},
                                false};
  all.methods["zoo_tuning"] = {Json::object(), {SourceMode::kTrainedJoint}, {2, 0}, false};
  all.methods["ensemble"] = {Json::object(), {SourceMode::kTrained}, {1, 0}, false};
  return all;
}

}  // namespace ktb::core
