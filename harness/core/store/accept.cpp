#include "core/store/accept.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"

namespace ktb::core {
namespace {

/// A word of the command line, the member of a key's fields behind it, and what a reader is told.
struct Acceptable {
  const char *word, *member, *told;
};
constexpr std::array<Acceptable, 2> kAcceptable{
    {{"build", "build", "by another build of the harness"},
     {"libtorch", "torch", "with another LibTorch"}}};

constexpr std::size_t kIdDigits = 12;  // of the key, at the end of an id

/// A trial's id without its key: the plugins' names and the seed.
std::string stem(const std::string& id) {
  return id.substr(0, id.size() - std::min(kIdDigits, id.size()));
}

std::string text_in(const Json& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

/// A trial of the store, whatever made it.
struct Kept {
  std::string key;
  Json fields;
  std::set<std::string> needs;
  std::string essence;  ///< of its fields
};

/// The sources of a trial's fields that other trials made, as keys in the place where they stand.
std::vector<Json*> made_sources(Json& fields) {
  std::vector<Json*> keys;
  for (auto& source : fields["sources"])
    if (const auto key = source.find("trial"); key != source.end()) keys.push_back(&*key);
  return keys;
}

class Acceptance {
 public:
  Acceptance(Plan& plan, const Store& store, const std::vector<std::string>& words)
      : plan_(plan), store_(store), stored_(store.trials()) {
    for (const auto& word : words) members_.push_back(&find(word));
  }

  void run() {
    for (Trial& trial : std::exchange(plan_.trials, {})) {
      const std::string id = trial.id, key = trial.key;
      follow_sources(trial);
      if (!store_.reusable(trial, keeps_weights(trial))) adopt(trial);
      moved_[id] = trial.id;
      moved_[key] = trial.key;
      place(std::move(trial));
    }
    for (auto& cell : plan_.cells)
      for (auto& sample : cell.samples) follow(sample);
  }

 private:
  static const Acceptable& find(const std::string& word) {
    const auto found = std::find_if(kAcceptable.begin(), kAcceptable.end(),
                                    [&](const Acceptable& one) { return word == one.word; });
    if (found == kAcceptable.end())
      throw Error(fmt::format("error: cannot accept `{}`; known are {}", word,
                              fmt::join(acceptable(), " and ")));
    return *found;
  }

  static bool keeps_weights(const Trial& trial) { return trial.keep_weights; }

  /// A hash of all that may not differ; sources stand in it with their own.
  std::string essence_of(Json fields) const {
    for (const Acceptable* one : members_) fields.erase(one->member);
    for (Json* key : made_sources(fields)) *key = essences_.at(key->get<std::string>());
    return sha256_text(fields.dump());
  }

  /// Null where the folder does not tell what made its record.
  const Kept* kept(const std::string& id) {
    const auto [known, fresh] = kept_.try_emplace(id);
    if (fresh) known->second = read(id);
    return known->second ? &*known->second : nullptr;
  }

  std::optional<Kept> read(const std::string& id) {
    const auto stored = store_.trial(id);
    if (!stored) return {};
    Kept made{stored->spec.key, stored->fields, {}, ""};
    if (sha256_text(made.fields.dump()) != made.key) return {};
    for (const auto& source : stored->spec.sources)
      if (!source.trial.empty()) made.needs.insert(source.trial);
    for (const auto& need : made.needs)
      if (!kept(need)) return {};
    for (const Json* key : made_sources(made.fields))
      if (!essences_.contains(key->get<std::string>())) return {};
    made.essence = essence_of(made.fields);
    know(id, made.key, made.essence);
    return made;
  }

  void know(const std::string& id, const std::string& key, const std::string& essence) {
    ids_[key] = id;
    essences_[key] = essence;
  }

  /// When it was made, of a trial that needs no further run, nor do its sources; else none.
  std::optional<std::string> finished(const std::string& id, bool with_weights) {
    const Kept* made = kept(id);
    const auto record = made ? store_.load(id) : std::nullopt;
    if (!record || !record->ok() || record->key != made->key) return {};
    if (with_weights && !store_.has_weights(id)) return {};
    for (const auto& need : made->needs)
      if (!placed_.contains(need) && !finished(need, true)) return {};
    return text_in(record->provenance, "finished");
  }

  /// Makes it the newest of the stored trials that are as good.
  void adopt(Trial& trial) {
    const Json now = Json::parse(trial.fields());
    const std::string prefix = stem(trial.id), essence = essence_of(now);
    std::optional<std::string> newest;
    std::string chosen;
    for (auto id = std::lower_bound(stored_.begin(), stored_.end(), prefix);
         id != stored_.end() && id->starts_with(prefix); ++id) {
      if (*id == trial.id || !kept(*id) || kept(*id)->essence != essence) continue;
      if (!store_.has_kept(*id, trial.outline().recipe.keep)) continue;
      const auto made = finished(*id, keeps_weights(trial));
      if (!made || made <= newest) continue;
      newest = made;
      chosen = *id;
    }
    if (!newest) return;
    for (const auto& need : kept(chosen)->needs) bring(need, now);
    take(trial, chosen, now);
  }

  /// Puts a source of another build into the plan, for a trial that was made from it.
  void bring(const std::string& id, const Json& now) {
    if (placed_.contains(id)) return;
    for (const auto& need : kept(id)->needs) bring(need, now);
    Trial trial;
    trial.describe(store_.trial(id).value().spec, "");
    take(trial, id, now);
    place(std::move(trial));
  }

  void take(Trial& trial, const std::string& id, const Json& now) {
    const Json& then = kept(id)->fields;
    trial.accepted = told(then, now);
    identify(trial, id, then);
  }

  std::string told(const Json& then, const Json& now) const {
    std::vector<std::string> parts;
    for (const Acceptable* one : members_) {
      const auto before = text_in(then, one->member), after = text_in(now, one->member);
      if (before != after)
        parts.push_back(fmt::format("{} ({}, now {})", one->told, before, after));
    }
    return parts.empty() ? "" : fmt::format("made {}", fmt::join(parts, " and "));
  }

  /// Names the sources as they are now, which makes another key of it.
  void follow_sources(Trial& trial) {
    Json fields = Json::parse(trial.fields());
    for (Json* key : made_sources(fields)) *key = moved_.at(key->get<std::string>());
    const std::string key = sha256_text(fields.dump());
    if (key != trial.key) identify(trial, stem(trial.id) + key.substr(0, kIdDigits), fields);
  }

  void identify(Trial& trial, const std::string& id, Json fields) {
    TrialSpec spec = trial.spec();
    std::string text = fields.dump();
    spec.id = trial.id = id;
    spec.key = trial.key = sha256_text(text);
    spec.build = text_in(fields, "build");
    trial.needs.clear();
    const Json& sources = fields["sources"];
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const std::string key = text_in(sources[i], "trial");
      if (key.empty()) continue;
      const std::string& need = ids_.at(key);
      spec.sources[i].trial = need;
      if (!std::count(trial.needs.begin(), trial.needs.end(), need)) trial.needs.push_back(need);
    }
    trial.describe(std::move(spec), std::move(text));
  }

  void place(Trial trial) {
    know(trial.id, trial.key, essence_of(Json::parse(trial.fields())));
    placed_.emplace(trial.id, plan_.trials.size());
    plan_.trials.push_back(std::move(trial));
  }

  void follow(Sample& sample) const {
    if (sample.trial.empty()) return;
    sample.trial = moved_.at(sample.trial);
    for (auto& trial : sample.tuning) trial = moved_.at(trial);
    sample.sources = needs_of(sample.trial);
    for (std::size_t i = 0; i < sample.sources.size(); ++i)
      for (const auto& further : needs_of(sample.sources[i]))
        if (!std::count(sample.sources.begin(), sample.sources.end(), further))
          sample.sources.push_back(further);
  }

  const std::vector<std::string>& needs_of(const std::string& id) const {
    return plan_.trials[placed_.at(id)].needs;
  }

  Plan& plan_;
  const Store& store_;
  const std::vector<std::string> stored_;  ///< ids, sorted
  std::vector<const Acceptable*> members_;
  std::map<std::string, std::string> ids_, essences_;  ///< by key
  std::map<std::string, std::optional<Kept>> kept_;    ///< by id
  std::map<std::string, std::string> moved_;           ///< planned id or key -> what it is now
  std::map<std::string, std::size_t> placed_;          ///< id -> its place in the plan
};

}  // namespace

std::vector<std::string> acceptable() {
  std::vector<std::string> words;
  for (const auto& one : kAcceptable) words.push_back(one.word);
  return words;
}

void accept(Plan& plan, const Store& store, const std::vector<std::string>& words) {
  if (!words.empty()) Acceptance(plan, store, words).run();
}

}  // namespace ktb::core
