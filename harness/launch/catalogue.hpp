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

/// Plugins of this machine. Their notes are read here; what only their code knows is asked of one
/// worker, once: answers are kept in `results/cache/` under the plugin files' hashes and the
/// options, so a plan whose plugins have been described starts no process and loads no torch.
class WorkerCatalogue final : public core::Catalogue {
 public:
  explicit WorkerCatalogue(CatalogueOptions options);
  ~WorkerCatalogue() override;

  std::optional<core::PluginFile> find(const std::string& kind, const std::string& name) override;
  std::vector<std::string> names(const std::string& kind) override;
  core::Json describe(const core::Json& request) override;

  /// How often a worker was started, for tests.
  int asked() const { return asked_; }

 private:
  /// What the answer to each part depends on, by section and id; a pairing's id is its position.
  using Keys = std::map<std::string, std::map<std::string, std::string>>;
  Keys keys_of(const core::Json& request, const core::Json& datasets);
  std::string plugin_key(const std::string& kind, const core::Json& part);
  std::string hash_of(const std::string& path);
  std::optional<core::Json> kept(const std::string& section, const std::string& key) const;
  core::Json kept_answers(const core::Json& request);
  void keep(const core::Json& request, const core::Json& answers);
  core::Json ask_worker(const core::Json& request);

  CatalogueOptions options_;
  std::vector<core::PluginNote> notes_;
  std::map<std::string, std::optional<core::PluginFile>> found_;
  core::Json hashes_, answers_;
  bool hashes_changed_ = false;
  int asked_ = 0;
};

}  // namespace ktb::launch
