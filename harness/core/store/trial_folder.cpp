#include "core/store/trial_folder.hpp"

#include <utility>

namespace ktb::core {

namespace fs = std::filesystem;

TrialFolder::TrialFolder(fs::path path) : path_(std::move(path)) {}
TrialFolder::TrialFolder(const fs::path& results, const std::string& id)
    : path_(all(results) / id) {}

fs::path TrialFolder::all(const fs::path& results) { return results / "trials"; }
TrialFolder TrialFolder::beside(const std::string& id) const {
  return TrialFolder(path_ / ".." / id);
}

fs::path TrialFolder::spec() const { return path_ / "trial.json"; }
fs::path TrialFolder::record() const { return path_ / "record.json"; }
fs::path TrialFolder::curve() const { return path_ / "curve.jsonl"; }
fs::path TrialFolder::samples() const { return path_ / "samples.bin"; }
fs::path TrialFolder::confusion() const { return path_ / "confusion.json"; }
fs::path TrialFolder::weights() const { return path_ / "weights.safetensors"; }
fs::path TrialFolder::checkpoint() const { return path_ / "checkpoint.safetensors"; }
fs::path TrialFolder::pictures() const { return path_ / "pictures.safetensors"; }
fs::path TrialFolder::predictions() const { return path_ / "predictions.safetensors"; }
fs::path TrialFolder::features() const { return path_ / "features.safetensors"; }
fs::path TrialFolder::log() const { return path_ / "log.txt"; }
fs::path TrialFolder::progress() const { return path_ / "progress.json"; }
fs::path TrialFolder::lock() const { return path_ / ".lock"; }

}  // namespace ktb::core
