#include "core/store/twins.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/digest.hpp"

namespace ktb::core {
namespace {

/// A part of a key says which code and data it was made with; only the plugin's name lasts.
void name_plugin(Json& fields, const char* part, const std::string& plugin) {
  const auto found = fields.find(part);
  if (found == fields.end() || !found->is_object()) return;
  (*found)["plugin"] = plugin;
  found->erase("data");
}

/// The objects of a key's list; none where it is no list of objects.
std::vector<Json*> objects_of(Json& fields, const char* list) {
  std::vector<Json*> found;
  const auto items = fields.find(list);
  if (items == fields.end() || !items->is_array()) return found;
  for (auto& item : *items)
    if (item.is_object()) found.push_back(&item);
  return found;
}

/// A trial with a record, as one folder has it.
struct Kept {
  std::string id, key, essence, finished;
};

std::vector<Kept> all_of(const Store& store) {
  std::vector<Kept> all;
  Essences essences(store);
  for (const auto& id : store.trials())
    if (const auto record = store.load(id))
      all.push_back({id, record->key, essences.of(id), finished(*record)});
  return all;
}

/// The newest trial of each essence.
std::map<std::string, const Kept*> newest(const std::vector<Kept>& all) {
  std::map<std::string, const Kept*> found;
  for (const auto& one : all) {
    if (one.essence.empty()) continue;
    const Kept*& best = found[one.essence];
    if (best == nullptr || best->finished < one.finished) best = &one;
  }
  return found;
}

}  // namespace

std::string finished(const Record& record) {
  const auto found = record.provenance.find("finished");
  return found != record.provenance.end() && found->is_string() ? found->get<std::string>() : "";
}

const std::string& Essences::of(const std::string& id) {
  const auto [known, fresh] = known_.try_emplace(id);  // empty meanwhile: ends a circle of sources
  if (!fresh) return known->second;
  if (const auto trial = store_.trial(id)) known->second = of(*trial);
  return known->second;
}

std::string Essences::of(const StoredTrial& trial) {
  Json fields = trial.fields;
  if (!fields.is_object()) return "";
  for (const char* code : {"build", "torch", "sdk", "device"}) fields.erase(code);
  const TrialSpec& spec = trial.spec;
  name_plugin(fields, "task", spec.task.plugin);
  name_plugin(fields, "method", spec.method.plugin);
  if (spec.target) name_plugin(fields, "target", spec.target->plugin);
  const auto plus = objects_of(fields, "plus"), sources = objects_of(fields, "sources");
  if (plus.size() != spec.plus.size() || sources.size() != spec.sources.size()) return "";
  for (std::size_t i = 0; i < plus.size(); ++i) (*plus[i])["plugin"] = spec.plus[i].plugin;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceRef& source = spec.sources[i];
    name_plugin(*sources[i], "model", source.plugin);
    name_plugin(*sources[i], "task", source.task.plugin);
    if (source.trial.empty()) continue;
    const std::string& made = of(source.trial);
    if (made.empty()) return "";
    (*sources[i])["trial"] = made;
  }
  return sha256_text(fields.dump());
}

std::optional<std::string> first_made(const Store& store, const Trial& trial) {
  const auto own = store.load(trial.id);
  if (own && own->ok() && own->key == trial.key) return trial.id;
  Essences essences(store);
  const std::string wanted = essences.of(StoredTrial{trial.spec(), Json::parse(trial.fields())});
  std::optional<std::string> newest, chosen;
  for (const auto& id : store.trials()) {
    if (wanted.empty() || id == trial.id || essences.of(id) != wanted) continue;
    const auto record = store.load(id);
    if (!record || !record->ok() || finished(*record) < newest) continue;
    newest = finished(*record);
    chosen = id;
  }
  return chosen;
}

PairedTrials pair_up(const Store& first, const Store& second) {
  const auto left = all_of(first), right = all_of(second);
  PairedTrials paired;
  std::map<std::string, std::string> keys;  // of the second folder, by id
  for (const auto& one : right) keys[one.id] = one.key;
  std::set<std::string> of_left, of_right, essences;
  const auto pair = [&](const Kept& one, const std::string& other) {
    paired.pairs.push_back({one.id, other});
    of_left.insert(one.id);
    of_right.insert(other);
    essences.insert(one.essence);
  };
  for (const auto& one : left)
    if (const auto other = keys.find(one.id); other != keys.end() && other->second == one.key)
      pair(one, one.id);
  const auto newest_left = newest(left), newest_right = newest(right);
  for (const auto& [essence, one] : newest_left)
    if (const auto other = newest_right.find(essence);
        other != newest_right.end() && !essences.contains(essence))
      pair(*one, other->second->id);
  std::sort(paired.pairs.begin(), paired.pairs.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second) < std::tie(b.first, b.second);
  });
  paired.only_first = left.size() - of_left.size();
  paired.only_second = right.size() - of_right.size();
  return paired;
}

}  // namespace ktb::core
