#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/plugin_file.hpp"
#include "core/plan/catalogue.hpp"

namespace ktb::launch {

struct CatalogueOptions {
  std::vector<std::string> plugin_dirs;  ///< in search order
  std::vector<std::string> data_dirs;
  std::string worker;                     ///< path of ktbench-worker
  std::vector<std::string> worker_flags;  ///< --plugins and --data-dir
  std::string cache;                      ///< results/cache
};

/// A file's hash, and by what is seen that the file has changed since.
struct HashedFile {
  std::string stamp, hash;
};

/// Answers of earlier commands, each under the hash of all that it depends on.
struct AnswerCache {
  std::string worker;  ///< that gave them
  std::map<std::string, core::DatasetAnswer> datasets;
  std::map<std::string, core::ModelAnswer> models;
  std::map<std::string, core::MethodAnswer> methods;
  std::map<std::string, core::PairingAnswer> pairings;
  std::map<std::string, std::vector<std::string>> paths;  ///< by a plugin file's hash
};

/// The answers to a request that need not be asked for, by the request's ids.
struct Known {
  std::map<std::string, core::DatasetAnswer> datasets;
  std::map<std::string, core::ModelAnswer> models;
  std::map<std::string, core::MethodAnswer> methods;
  std::vector<std::optional<core::PairingAnswer>> pairings;  ///< in the request's order
};

template <core::Of<HashedFile> Self, class Ar>
void fields(Self& file, Ar& ar) {
  ar("stamp", file.stamp);
  ar("hash", file.hash);
}

template <core::Of<AnswerCache> Self, class Ar>
void fields(Self& cache, Ar& ar) {
  ar("worker", cache.worker);
  ar("datasets", cache.datasets);
  ar("models", cache.models);
  ar("methods", cache.methods);
  ar("pairings", cache.pairings);
  ar("paths", cache.paths);
}

/// Plugins of this machine. Their notes are read here; what only their code knows is asked of one
/// worker, once: answers are kept in `results/cache/` under the plugin files' hashes and the
/// options, so a plan whose plugins have been described starts no process and loads no torch.
class WorkerCatalogue final : public core::Catalogue {
 public:
  explicit WorkerCatalogue(CatalogueOptions options);
  ~WorkerCatalogue() override;

  std::optional<core::PluginFile> find(const std::string& kind, const std::string& name) override;
  std::vector<std::string> names(const std::string& kind) override;
  core::DescribeAnswers describe(const core::DescribeRequest& request) override;

  /// How often a worker was started, for tests.
  int asked() const { return asked_; }

 private:
  /// What the answer to each part depends on, by the request's ids.
  struct Keys {
    std::map<std::string, std::string> datasets, models, methods;
    std::vector<std::string> pairings;
  };
  Keys keys_of(const core::DescribeRequest& request,
               const std::map<std::string, core::DatasetAnswer>& datasets);
  std::string plugin_key(const std::string& kind, const core::PluginQuestion& part);
  std::string hash_of(const std::string& path);
  /// Which options of the plugins that were asked about name files.
  void learn_paths(const core::DescribeRequest& request, const core::DescribeAnswers& answers);
  Known kept_answers(const core::DescribeRequest& request);
  void keep(const core::DescribeRequest& request, const core::DescribeAnswers& answers);
  core::DescribeAnswers ask_worker(const core::DescribeRequest& request);

  CatalogueOptions options_;
  std::vector<core::PluginNote> notes_;
  std::map<std::string, std::optional<core::PluginFile>> found_;
  std::map<std::string, HashedFile> hashes_;  ///< by path
  AnswerCache answers_;
  bool hashes_changed_ = false;
  int asked_ = 0;
};

}  // namespace ktb::launch
