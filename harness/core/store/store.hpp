#pragma once
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/weights/safetensors.hpp"
#include "core/plan/plan.hpp"
#include "core/store/confusion.hpp"
#include "core/store/index.hpp"
#include "core/store/record.hpp"
#include "core/store/result.hpp"
#include "core/store/trial_folder.hpp"

namespace ktb::core {

/// A trial.json as the launcher leaves it.
struct StoredTrial {
  TrialSpec spec;
  Json fields;  ///< what its key hashes; null: written by hand
};
Json to_json(const StoredTrial& trial);

/// How far a trial at work has come: progress.json.
struct TrialProgress {
  std::uint64_t step = 0, steps = 0;
  double loss = 0;
  double age = 0;  ///< seconds since it was renewed

  /// A worker renews its progress twice a second; a long silence means that its machine went down.
  bool fresh() const { return age < 600; }
};

/// The one store of trials for all suites, `results/`. Layout: docs/contracts.md.
class Store {
 public:
  using Warn = std::function<void(const std::string&)>;

  /// `warn` hears of files that cannot be read, once each; by default they go to standard error.
  explicit Store(std::filesystem::path results, Warn warn = nullptr);

  const std::filesystem::path& results() const { return results_; }
  TrialFolder folder(const std::string& id) const;
  std::vector<std::string> trials() const;  ///< ids, sorted

  /// None where there is no record; one that cannot be read counts as none, with a warning.
  std::optional<Record> load(const std::string& id) const;
  /// Of the same record what tables ask, or only how the trial ended, for less work.
  std::optional<Result> load_result(const std::string& id, ResultReader& reader) const;
  std::optional<RecordHead> load_head(const std::string& id) const;
  /// Writes record.json into the trial's folder, which is made where there is none.
  void save(const Record& record) const;

  /// Whether others can use a trial's weights: they are there, and the ones that its record tells
  /// of, for which they are read as a whole. Of such as are not, `warn` hears.
  bool has_weights(const std::string& id) const;
  /// Whether all of these lie beside a trial's record.
  bool has_kept(const std::string& id, const std::vector<Keepsake>& wanted) const;
  /// Whether the trial need not run again: `ok`, of the same key, with all that its recipe keeps,
  /// and with weights where they are needed.
  bool reusable(const Trial& trial, bool needs_weights = false) const;

  /// trial.json; none where there is none. One that cannot be read counts as none, with a warning.
  std::optional<StoredTrial> trial(const std::string& id) const;
  /// Of the same file the settings, for less work.
  std::optional<TrialSpec> load_spec(const std::string& id) const;
  /// Lines of curve.jsonl; a last line cut short by a crash is left out.
  std::vector<Json> curve(const std::string& id) const;
  /// Right or wrong, a test sample each; as many as the record counts. Empty where none were kept.
  std::vector<bool> samples(const std::string& id) const;
  /// None where none was kept; one that cannot be read counts as none, with a warning.
  std::optional<Confusion> confusion(const std::string& id) const;
  /// Likewise.
  std::optional<SafetensorsFile> pictures(const std::string& id) const;
  std::optional<TrialProgress> progress(const std::string& id) const;

  std::filesystem::path plan_path(const std::string& suite, const std::string& profile) const;
  void save_plan(const Plan& plan) const;
  std::optional<Plan> load_plan(const std::string& suite, const std::string& profile) const;

 private:
  void warn(const std::string& text) const;
  /// What `decode` makes of a trial's bytes in a table of the index; where they are not there or no
  /// longer so, of what `entries` makes of the file, and the index hears of it. None: no file.
  using Entries = std::array<std::string, Index::kTables>;  ///< empty: not of this file
  template <class Decode>
  auto load_indexed(const std::string& path, const std::string& id, Index::Table table,
                    Entries (*entries)(const Json&), Decode decode) const
      -> std::optional<decltype(decode(std::string_view()))>;
  template <class Decode>
  auto load_of_record(const std::string& id, Index::Table table, Decode decode) const
      -> std::optional<decltype(decode(std::string_view()))>;
  /// What `read` makes of a file of at most so many bytes; none where there is no file, or none
  /// that can be read.
  template <class Read>
  auto load_file(const std::filesystem::path& path, std::uintmax_t most, Read read) const
      -> std::optional<decltype(read(path))>;
  /// The same of a file's JSON.
  template <class Read>
  auto load_json(const std::filesystem::path& path, std::uintmax_t most, Read read) const
      -> std::optional<decltype(read(Json()))>;

  std::filesystem::path results_;
  Warn warn_;
  std::shared_ptr<std::set<std::string>> warned_;
  std::shared_ptr<Index> index_;
};

/// What the bytes of a store's index mean.
std::string index_layout();

}  // namespace ktb::core
