#include "core/store/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/output/print.hpp"
#include "core/base/text_file.hpp"
#include "core/plan/plan_text.hpp"
#include "core/store/weights.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

/// Bytes of files that are worth looking at.
constexpr std::uintmax_t kMostConfusion = 1 << 20, kMostPictures = 1 << 26,
                         kAny = std::numeric_limits<std::uintmax_t>::max();

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(fmt::format("cannot make folder {}: {}", folder.string(), error.message()));
}

/// As a text: to put a path together takes as long as to look at its file.
std::string path_of(const fs::path& results, const std::string& id, const std::string& name) {
  return fmt::format("{}/{}/{}", TrialFolder::all(results).native(), id, name);
}

}  // namespace

Json to_json(const StoredTrial& trial) {
  Json json = to_json(trial.spec);
  json["fields"] = trial.fields;
  return json;
}

std::string index_layout() {
  return record_shape() + result_shape() + shape_of<TrialSpec>() + plan_shape();
}

Store::Store(fs::path results, Warn warn)
    : results_(std::move(results)),
      warn_(std::move(warn)),
      warned_(std::make_shared<std::set<std::string>>()) {
  if (!warn_) warn_ = [](const std::string& text) { core::print(stderr, "warning: {}\n", text); };
  index_ = std::make_shared<Index>(results_ / "cache" / "index.sqlite", index_layout(), warn_);
}

void Store::warn(const std::string& text) const {
  if (warned_->insert(text).second) warn_(text);
}

TrialFolder Store::folder(const std::string& id) const { return TrialFolder(results_, id); }

std::vector<std::string> Store::trials() const {
  std::vector<std::string> ids;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(TrialFolder::all(results_), error)) {
    if (entry.is_directory()) ids.push_back(entry.path().filename().string());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

template <class Read>
auto Store::load_file(const fs::path& path, std::uintmax_t most, Read read) const
    -> std::optional<decltype(read(path))> {
  if (!fs::exists(path)) return std::nullopt;
  try {
    if (fs::file_size(path) > most) throw Error(fmt::format("it has more than {} bytes", most));
    return read(path);
  } catch (const std::exception& error) {
    warn(fmt::format("{} is left out: {}", path.string(), error.what()));
    return std::nullopt;
  }
}

template <class Read>
auto Store::load_json(const fs::path& path, std::uintmax_t most, Read read) const
    -> std::optional<decltype(read(Json()))> {
  return load_file(path, most, [&](const fs::path& file) {
    return read(parse_json(read_text(file), file.filename().string()));
  });
}

template <class Decode>
auto Store::load_indexed(const std::string& path, const std::string& id, Index::Table table,
                         Entries (*entries)(const Json&), Decode decode) const
    -> std::optional<decltype(decode(std::string_view()))> {
  const FileStamp stamp = stamp_of(path);  // taken first: what is written after it has another one
  if (const auto kept = index_->find(table, id, stamp)) return decode(*kept);
  std::optional<Entries> made = load_json(path, kAny, entries);
  if (!made) return std::nullopt;
  auto result = decode(std::string_view((*made)[table]));
  for (std::size_t i = 0; i < made->size(); ++i)
    if (!(*made)[i].empty())
      index_->keep(static_cast<Index::Table>(i), id, stamp, std::move((*made)[i]));
  return result;
}

template <class Decode>
auto Store::load_of_record(const std::string& id, Index::Table table, Decode decode) const
    -> std::optional<decltype(decode(std::string_view()))> {
  static const std::string name = TrialFolder(fs::path()).record().string();
  const auto entries = [](const Json& json) {
    const Record record = record_from_json(json);
    Entries made;
    made[Index::kResults] = result_bytes(record);
    made[Index::kRecords] = record_bytes(record);
    return made;
  };
  return load_indexed(path_of(results_, id, name), id, table, entries, decode);
}

std::optional<Record> Store::load(const std::string& id) const {
  return load_of_record(id, Index::kRecords, record_from_bytes);
}

std::optional<Result> Store::load_result(const std::string& id, ResultReader& reader) const {
  return load_of_record(id, Index::kResults,
                        [&](std::string_view bytes) { return reader.read(bytes); });
}

std::optional<RecordHead> Store::load_head(const std::string& id) const {
  return load_of_record(id, Index::kResults, result_head);
}

std::optional<TrialSpec> Store::load_spec(const std::string& id) const {
  static const std::string name = TrialFolder(fs::path()).spec().string();
  const auto entries = [](const Json& json) {
    Entries made;
    made[Index::kSpecs] = to_bytes(trial_spec_from_json(json));
    return made;
  };
  return load_indexed(path_of(results_, id, name), id, Index::kSpecs, entries,
                      from_bytes<TrialSpec>);
}

void Store::save(const Record& record) const {
  if (record.id.empty()) throw Error("a record without id cannot be stored");
  const TrialFolder its = folder(record.id);
  make_folder(its.path());
  write_atomically(its.record(), record_text(record));
}

bool Store::has_weights(const std::string& id) const {
  const TrialFolder its = folder(id);
  if (!fs::exists(its.weights())) return false;  // nobody takes them away unawares
  const std::optional<Record> record = load(id);
  const auto fault = weights_fault(its, record ? record->weights : "");
  if (fault) warn(*fault);
  return !fault;
}

bool Store::reusable(const Trial& trial, bool needs_weights) const {
  const std::optional<RecordHead> record = load_head(trial.id);
  return record && record->ok() && record->key == trial.key &&
         (!needs_weights || has_weights(trial.id)) &&
         has_kept(trial.id, trial.outline().recipe.keep);
}

bool Store::has_kept(const std::string& id, const std::vector<Keepsake>& wanted) const {
  const TrialFolder its = folder(id);
  return std::all_of(wanted.begin(), wanted.end(), [&](Keepsake what) {
    if (what == Keepsake::kWeights) return has_weights(id);
    return fs::exists(what == Keepsake::kFeatures ? its.features() : its.predictions());
  });
}

std::optional<StoredTrial> Store::trial(const std::string& id) const {
  return load_json(folder(id).spec(), kAny, [](const Json& json) {
    return StoredTrial{trial_spec_from_json(json), json.value("fields", Json())};
  });
}

std::vector<Json> Store::curve(const std::string& id) const {
  const fs::path path = folder(id).curve();
  std::vector<Json> points;
  if (!fs::exists(path)) return points;
  std::istringstream lines(read_text(path));
  for (std::string line; std::getline(lines, line);) {
    const auto name = fmt::format("{}, line {}", path.string(), points.size() + 1);
    try {
      points.push_back(parse_json(line, name));
    } catch (const Error& error) {
      if (!lines.eof()) warn(fmt::format("{} is left out: {}", name, error.what()));
    }
  }
  return points;
}

std::vector<bool> Store::samples(const std::string& id) const {
  const fs::path path = folder(id).samples();
  if (!fs::exists(path)) return {};
  const std::string bytes = read_text(path);
  std::size_t count = bytes.size() * 8;
  ResultReader reader;
  const std::optional<Result> result = load_result(id, reader);
  for (const char* name : {"judged", "test"}) {
    const auto examples = result ? result->examples.find(name) : std::nullopt;
    if (!examples) continue;
    const auto judged = static_cast<std::size_t>(*examples);
    if (judged > count) {
      throw Error(
          fmt::format("{} holds {} samples, the record counts {}", path.string(), count, judged));
    }
    count = judged;
    break;
  }
  std::vector<bool> right(count);
  for (std::size_t i = 0; i < count; ++i) {
    right[i] = (static_cast<unsigned char>(bytes[i / 8]) >> (i % 8)) & 1U;
  }
  return right;
}

std::optional<Confusion> Store::confusion(const std::string& id) const {
  return load_json(folder(id).confusion(), kMostConfusion, confusion_from_json);
}

std::optional<SafetensorsFile> Store::pictures(const std::string& id) const {
  return load_file(folder(id).pictures(), kMostPictures, read_safetensors);
}

namespace {

/// Renewed and taken away while it is read: no file and a bad one are both no progress.
Json progress_json(const fs::path& path) {
  try {
    return parse_json(read_text(path), path.string());
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::optional<TrialProgress> Store::progress(const std::string& id) const {
  const fs::path path = folder(id).progress();
  std::error_code error;
  const auto renewed = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  const Json json = progress_json(path);
  if (!json.is_object()) return std::nullopt;
  TrialProgress progress;
  const auto number = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_number() ? found->get<double>() : 0.0;
  };
  progress.step = static_cast<std::uint64_t>(std::max(0.0, number("step")));
  progress.steps = static_cast<std::uint64_t>(std::max(0.0, number("steps")));
  progress.loss = number("loss");
  progress.age = std::chrono::duration<double>(fs::file_time_type::clock::now() - renewed).count();
  return progress;
}

fs::path Store::plan_path(const std::string& suite, const std::string& profile) const {
  return results_ / "plans" / fmt::format("{}.{}.json", suite, profile);
}

void Store::save_plan(const Plan& plan) const {
  make_folder(results_ / "plans");
  const fs::path path = plan_path(plan.suite, plan.profile);
  write_atomically(path, plan_text(plan, 1) + "\n");
  index_->keep_plan(path.filename().string(), stamp_of(path), plan_bytes(plan),
                    Index::How::kWritten);
}

std::optional<Plan> Store::load_plan(const std::string& suite, const std::string& profile) const {
  const fs::path path = plan_path(suite, profile);
  const std::string name = path.filename().string();
  const FileStamp stamp = stamp_of(path);
  if (const auto kept = index_->plan(name, stamp)) return plan_from_bytes(*kept);
  auto plan = load_json(path, kAny, plan_from_json);
  if (plan) index_->keep_plan(name, stamp, plan_bytes(*plan), Index::How::kRead);
  return plan;
}

}  // namespace ktb::core
