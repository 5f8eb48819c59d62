#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/suggest.hpp"
#include "core/plan/catalogue.hpp"

namespace ktb::core {

/// Plugins from memory: what each has for options and how it may be used.
class FakeCatalogue final : public Catalogue {
 public:
  struct Method {
    Json options = Json::object();
    std::vector<std::string> modes = {"trained", "trained-joint"};
    std::vector<int> sources = {1, 1};
    bool target = true;
  };
  std::map<std::string, Json> datasets, models;  ///< name -> default options
  std::map<std::string, Method> methods;
  std::map<std::string, std::pair<std::string, Json>> aliases;  ///< model alias -> plugin, preset
  std::map<std::string, bool> absent_data;
  std::map<std::string, std::string> unsuited;  ///< method plugin -> reason
  std::map<std::string, std::string> hashes;    ///< plugin -> hash, where not the name's
  int calls = 0;
  Json last_request;

  std::optional<PluginFile> find(const std::string& kind, const std::string& name) override {
    PluginFile file{kind, name, "/plugins/" + name + ".so", "", "", "", Json::object()};
    if (kind == "model" && aliases.count(name)) {
      file.name = aliases[name].first;
      file.preset = aliases[name].second;
    }
    const bool known = kind == "dataset" ? datasets.count(name) > 0
                       : kind == "model" ? models.count(file.name) > 0
                                         : methods.count(name) > 0;
    if (!known) return std::nullopt;
    file.hash = hashes.count(file.name) ? hashes[file.name] : "hash of " + file.name;
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

  Json describe(const Json& request) override {
    ++calls;
    last_request = request;
    Json answer = {{"datasets", Json::object()},
                   {"models", Json::object()},
                   {"methods", Json::object()},
                   {"pairings", Json::array()}};
    for (const auto& [id, entry] : request["datasets"].items()) {
      answer["datasets"][id] = dataset(entry);
    }
    for (const auto& [id, entry] : request["models"].items()) {
      answer["models"][id] = resolve(models.at(entry["plugin"]), entry);
    }
    for (const auto& [id, entry] : request["methods"].items()) {
      const Method& method = methods.at(entry["plugin"]);
      Json& out = answer["methods"][id] = resolve(method.options, entry);
      if (out.contains("error")) continue;
      out["modes"] = method.modes;
      out["sources"] = method.sources;
      out["target"] = method.target;
    }
    for (const auto& pairing : request["pairings"]) {
      const auto reason =
          unsuited.find(request["methods"][pairing["method"].get<std::string>()]["plugin"]);
      answer["pairings"].push_back({{"unsuited", reason == unsuited.end() ? "" : reason->second}});
    }
    return answer;
  }

 private:
  Json dataset(const Json& entry) const {
    const std::string name = entry["plugin"];
    Json out = resolve(datasets.at(name), entry);
    const bool found = !absent_data.count(name);
    out["task"] = {{"name", name},
                   {"kind", "classification"},
                   {"outputs", 10},
                   {"train_size", 50000},
                   {"test_size", 10000}};
    out["found"] = found;
    out["hash"] = found ? "data of " + name : "";
    if (!found) {
      out["wanted"] = {"train.bin"};
      out["looked"] = {"/data", "/usr/share"};
      out["get"] = "unpack it into /data";
    }
    return out;
  }

  static Json resolve(const Json& defaults, const Json& entry) {
    Json options = defaults;
    for (const auto& [name, value] : entry["options"].items()) {
      if (!options.contains(name)) {
        std::vector<std::string> known;
        for (const auto& [other, ignored] : defaults.items()) known.push_back(other);
        return {{"error",
                 {{"message", entry["plugin"].get<std::string>() + " has no option `" + name + "`"},
                  {"option", name},
                  {"nearest", nearest(name, known)}}}};
      }
      options[name] = value;
    }
    return {{"options", options}};
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
  all.methods["scratch"] = {Json::object(), {"none"}, {0, 0}, true};
  all.methods["kd"].options = {{"temperature", 4.0}, {"alpha", 0.9}};
  all.methods["dkd"].options = {{"alpha", 1.0}, {"beta", 8.0}, {"temperature", 4.0}};
  for (const char* name : {"fitnet", "at", "rkd", "crd", "reviewkd"})
    all.methods[name].options = {{"weight", 1.0}};
  all.methods["finetune"].modes = {"trained-joint"};
  all.methods["hub_pathway"] = {{{"k", 1}, {"noise", true}, {"explore", 0.1}, {"exploit", 0.1}},
                                {"trained-joint"},
                                {1, 0},
                                false};
  all.methods["zoo_tuning"] = {Json::object(), {"trained-joint"}, {2, 0}, false};
  all.methods["ensemble"] = {Json::object(), {"trained"}, {1, 0}, false};
  return all;
}

}  // namespace ktb::core
