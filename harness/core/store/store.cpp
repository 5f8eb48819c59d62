#include "core/store/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, int code) {
  const char* advice = code == ENOSPC || code == EDQUOT ? "; free some space and run again" : "";
  throw Error(fmt::format("cannot write {}: {}{}", path.string(), std::strerror(code), advice));
}

/// A file beside the target that vanishes unless it takes the target's name.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target) {
    // a random name: hosts that share the folder may share process ids
    name_ = fmt::format("{}.{:08x}.tmp", target.string(), std::random_device()());
    file_ = ::open(name_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (file_ < 0) cannot_write(target_, errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_ >= 0) ::close(file_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(file_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) cannot_write(target_, errno);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void take_name() {
    if (::fsync(file_) != 0) cannot_write(target_, errno);
    if (::close(std::exchange(file_, -1)) != 0) cannot_write(target_, errno);
    if (::rename(name_.c_str(), target_.c_str()) != 0) cannot_write(target_, errno);
    name_.clear();
  }

 private:
  const fs::path& target_;
  std::string name_;
  int file_ = -1;
};

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(fmt::format("cannot make folder {}: {}", folder.string(), error.message()));
}

}  // namespace

void write_atomically(const fs::path& path, std::string_view text) {
  TemporaryFile file(path);
  file.write(text);
  file.take_name();
}

std::string read_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(fmt::format("{}: cannot be opened", path.string()));
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) throw Error(fmt::format("{}: cannot be read", path.string()));
  return text;
}

Store::Store(fs::path results, Warn warn)
    : results_(std::move(results)),
      warn_(std::move(warn)),
      warned_(std::make_shared<std::set<std::string>>()) {
  if (!warn_) warn_ = [](const std::string& text) { fmt::print(stderr, "warning: {}\n", text); };
}

void Store::warn(const std::string& text) const {
  if (warned_->insert(text).second) warn_(text);
}

fs::path Store::folder(const std::string& id) const { return results_ / "trials" / id; }

std::vector<std::string> Store::trials() const {
  std::vector<std::string> ids;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(results_ / "trials", error)) {
    if (entry.is_directory()) ids.push_back(entry.path().filename().string());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::optional<Json> Store::load_json(const fs::path& path) const {
  if (!fs::exists(path)) return std::nullopt;
  try {
    return Json::parse(read_text(path));
  } catch (const std::exception& error) {
    warn(fmt::format("{} is left out: {}", path.string(), error.what()));
    return std::nullopt;
  }
}

std::optional<Record> Store::load(const std::string& id) const {
  const fs::path path = folder(id) / "record.json";
  const std::optional<Json> json = load_json(path);
  if (!json) return std::nullopt;
  try {
    return record_from_json(*json);
  } catch (const std::exception& error) {
    warn(fmt::format("{} is left out: {}", path.string(), error.what()));
    return std::nullopt;
  }
}

void Store::save(const Record& record) const {
  if (record.id.empty()) throw Error("a record without id cannot be stored");
  make_folder(folder(record.id));
  write_atomically(folder(record.id) / "record.json", to_json(record).dump(1) + "\n");
}

bool Store::has_weights(const std::string& id) const {
  return fs::exists(folder(id) / "weights.safetensors");
}

bool Store::reusable(const Trial& trial, bool needs_weights) const {
  const std::optional<Record> record = load(trial.id);
  return record && record->ok() && record->key == trial.key &&
         (!needs_weights || has_weights(trial.id));
}

Json Store::spec(const std::string& id) const {
  return load_json(folder(id) / "trial.json").value_or(Json());
}

std::vector<Json> Store::curve(const std::string& id) const {
  const fs::path path = folder(id) / "curve.jsonl";
  std::vector<Json> points;
  if (!fs::exists(path)) return points;
  std::istringstream lines(read_text(path));
  for (std::string line; std::getline(lines, line);) {
    Json point = Json::parse(line, nullptr, false);
    if (!point.is_discarded()) {
      points.push_back(std::move(point));
    } else if (!lines.eof()) {
      warn(
          fmt::format("{}: line {} is not JSON and is left out", path.string(), points.size() + 1));
    }
  }
  return points;
}

std::vector<bool> Store::samples(const std::string& id) const {
  const fs::path path = folder(id) / "samples.bin";
  if (!fs::exists(path)) return {};
  const std::string bytes = read_text(path);
  std::size_t count = bytes.size() * 8;
  const std::optional<Record> record = load(id);
  for (const char* name : {"judged", "test"}) {
    if (!record || record->examples.count(name) == 0) continue;
    const auto judged = static_cast<std::size_t>(record->examples.at(name));
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

std::optional<TrialProgress> Store::progress(const std::string& id) const {
  const fs::path path = folder(id) / "progress.json";
  std::error_code error;
  const auto renewed = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  std::ifstream stream(path);
  const Json json = Json::parse(stream, nullptr, false);
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
  write_atomically(plan_path(plan.suite, plan.profile), to_json(plan).dump(1) + "\n");
}

std::optional<Plan> Store::load_plan(const std::string& suite, const std::string& profile) const {
  const fs::path path = plan_path(suite, profile);
  const std::optional<Json> json = load_json(path);
  if (!json) return std::nullopt;
  try {
    return plan_from_json(*json);
  } catch (const std::exception& error) {
    warn(fmt::format("{} is left out: {}", path.string(), error.what()));
    return std::nullopt;
  }
}

}  // namespace ktb::core
