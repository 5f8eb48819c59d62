#pragma once
#include <filesystem>
#include <string>

namespace ktb::core {

/// Where the files of a trial lie: nobody else spells their names.
/// What stands in them is in docs/contracts.md.
class TrialFolder {
 public:
  explicit TrialFolder(std::filesystem::path path);
  /// Of a trial in a folder of results.
  TrialFolder(const std::filesystem::path& results, const std::string& id);
  /// The folder of all trials of these results.
  static std::filesystem::path all(const std::filesystem::path& results);

  /// Another trial of the same results: the one that made a source's weights.
  TrialFolder beside(const std::string& id) const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path spec() const;
  std::filesystem::path record() const;
  std::filesystem::path curve() const;
  std::filesystem::path samples() const;
  std::filesystem::path confusion() const;
  std::filesystem::path weights() const;
  std::filesystem::path checkpoint() const;
  std::filesystem::path pictures() const;
  std::filesystem::path predictions() const;
  std::filesystem::path features() const;
  std::filesystem::path log() const;
  std::filesystem::path progress() const;
  std::filesystem::path lock() const;

 private:
  std::filesystem::path path_;
};

}  // namespace ktb::core
