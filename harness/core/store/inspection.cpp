#include "core/store/inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/text_file.hpp"
#include "core/base/weights/safetensors.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

/// Ends an inspection: the text is the reason.
struct Fault : Error {
  using Error::Error;
};

void expect(bool good, const std::string& otherwise) {
  if (!good) throw Fault(otherwise);
}

/// A link may lead anywhere, and is nobody's result.
bool is_file(const fs::path& path) { return fs::is_regular_file(fs::symlink_status(path)); }

/// What both have they have alike. Plugins, weights and files that options name are hashes in a key
/// and names in a trial, where the hashes of the last stand beside the options.
bool agree(const Json& key, const Json& trial) {
  if (!key.is_object() || !trial.is_object()) return key == trial;
  for (const auto& [member, value] : key.items()) {
    const auto other = trial.find(member);
    if (member == "plugin" || member == "weights" || other == trial.end()) continue;
    Json held = *other;
    if (member == "options" && held.is_object())
      held.update(trial.value("digests", Json::object()));
    if (!agree(value, held)) return false;
  }
  return true;
}

std::string name(const fs::path& path) { return path.filename().string(); }

class Inspection {
 public:
  Inspection(const Store& store, const std::string& id)
      : store_(store), folder_(store.folder(id)), id_(id) {}

  void run() {
    for (const auto& file : {folder_.spec(), folder_.record()})
      expect(is_file(file), fmt::format("it has no {}", name(file)));
    const Json json = read(folder_.spec());
    const Json fields = json.is_object() ? json.value("fields", Json()) : Json();
    const StoredTrial trial{trial_spec_from_json(json), fields};
    const Record record = record_from_json(read(folder_.record()));
    names(trial.spec, record);
    key(trial);
    parts(trial, json);
    if (!record.ok()) return;
    samples(record);
    if (trial.spec.keep_weights) weights(trial.spec.key);
  }

 private:
  static Json read(const fs::path& path) { return parse_json(read_text(path), name(path)); }

  void names(const TrialSpec& trial, const Record& record) const {
    const auto spec = name(folder_.spec()), its = name(folder_.record());
    expect(trial.id == id_, fmt::format("{} calls it {}", spec, trial.id));
    expect(record.id == id_, fmt::format("{} calls it {}", its, record.id));
    expect(record.key == trial.key, fmt::format("{} and {} have unlike keys", spec, its));
    expect(record.seed == trial.seed, fmt::format("{} and {} have unlike seeds", spec, its));
  }

  void key(const StoredTrial& trial) const {
    expect(trial.fields.is_object(),
           name(folder_.spec()) + " does not say what its key was made of");
    expect(sha256_text(trial.fields.dump()) == trial.spec.key,
           "its key is not the hash of what it was made of");
    expect(id_.ends_with("-" + trial.spec.key.substr(0, 12)), "its name does not end in its key");
  }

  /// What the trial did against what its key was made of.
  void parts(const StoredTrial& trial, const Json& json) const {
    const Json& fields = trial.fields;
    for (const char* part :
         {"seed", "device", "smoke", "build", "task", "target", "method", "recipe"})
      same(!fields.contains(part) || agree(fields[part], json.value(part, Json())), part);
    same(fields.at("task").value("data", "") == trial.spec.task.hash, "task.hash");
    for (const char* part : {"plus", "sources"}) same(lists_agree(fields, json, part), part);
    for (std::size_t i = 0; i < trial.spec.sources.size(); ++i) {
      const std::string& made = trial.spec.sources[i].trial;
      const std::string key = fields.at("sources").at(i).value("trial", "");
      same(key.empty() ? made.empty() : made.ends_with("-" + key.substr(0, 12)), "sources.trial");
    }
  }

  void same(bool good, const char* part) const {
    expect(good,
           fmt::format("`{}` of {} is not what its key was made of", part, name(folder_.spec())));
  }

  static bool lists_agree(const Json& fields, const Json& json, const char* list) {
    const Json &in_key = fields.at(list), &in_trial = json.at(list);
    bool same = in_key.size() == in_trial.size();
    for (std::size_t i = 0; same && i < in_key.size(); ++i) {
      Json part = in_key.at(i);
      if (part.is_object()) part.erase("trial");  // a key there, a name here
      same = agree(part, in_trial.at(i));
    }
    return same;
  }

  void weights(const std::string& key) const {
    const fs::path file = folder_.weights();
    expect(is_file(file), fmt::format("it has no {}, which others may need", name(file)));
    const auto metadata = read_safetensors_metadata(file);
    const auto made = metadata.find("ktbench");
    expect(made == metadata.end() || made->second == key, "its weights are another trial's");
    expect(store_.has_weights(id_), "its weights are not the ones that its record tells of");
  }

  void samples(const Record& record) const {
    const auto judged = record.examples.find("judged");
    if (judged == record.examples.end() || judged->second <= 0) return;
    const auto count = static_cast<std::size_t>(judged->second);
    const fs::path file = folder_.samples();
    const std::size_t bytes = is_file(file) ? fs::file_size(file) : 0;
    expect(bytes == (count + 7) / 8,
           fmt::format("{} holds {} bytes, and the record counts {} samples", name(file), bytes,
                       count));
    const auto top1 = record.metrics.find("top1");
    if (top1 == record.metrics.end() || main_metric(record) != "top1") return;
    const auto right = store_.samples(id_);
    const double share = static_cast<double>(std::count(right.begin(), right.end(), true)) /
                         static_cast<double>(count);
    expect(std::abs(share - top1->second) < 1e-5,
           fmt::format("its samples say top-1 {:.4f} and its record {:.4f}", share, top1->second));
  }

  const Store& store_;
  const TrialFolder folder_;
  const std::string& id_;
};

}  // namespace

Reason fault_of(const Store& store, const std::string& id) {
  try {
    Inspection(store, id).run();
    return "";
  } catch (const std::exception& error) {  // of the JSON library, too: the files are a stranger's
    return error.what();
  }
}

}  // namespace ktb::core
