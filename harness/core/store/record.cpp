#include "core/store/record.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/version.hpp"

namespace ktb::core {
namespace {

constexpr std::array<std::pair<Status, const char*>, 8> kStatusNames{{
    {Status::kOk, "ok"},
    {Status::kHole, "hole"},
    {Status::kFailed, "failed"},
    {Status::kCrashed, "crashed"},
    {Status::kOutOfMemory, "out-of-memory"},
    {Status::kTimeout, "timeout"},
    {Status::kDiverged, "diverged"},
    {Status::kInterrupted, "interrupted"},
}};

[[noreturn]] void wrong(const std::string& member, const char* wanted, const Json& found) {
  throw Error(fmt::format("record: `{}` should be {}, found {}", member, wanted,
                          found.is_structured() ? found.type_name() : found.dump()));
}

Json number_to_json(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

double number_from(const std::string& member, const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "nan" || json.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (json == "inf") return std::numeric_limits<double>::infinity();
  if (json == "-inf") return -std::numeric_limits<double>::infinity();
  wrong(member, "a number, \"nan\", \"inf\" or \"-inf\"", json);
}

Json numbers_to_json(const std::map<std::string, double>& numbers) {
  Json json = Json::object();
  for (const auto& [name, value] : numbers) json[name] = number_to_json(value);
  return json;
}

std::map<std::string, double> numbers_from(const std::string& member, const Json& json) {
  if (!json.is_object()) wrong(member, "an object of numbers", json);
  std::map<std::string, double> numbers;
  for (const auto& [name, value] : json.items()) {
    numbers[name] = number_from(member + "." + name, value);
  }
  return numbers;
}

std::map<std::string, std::int64_t> counts_from(const std::string& member, const Json& json) {
  if (!json.is_object()) wrong(member, "an object of whole numbers", json);
  std::map<std::string, std::int64_t> counts;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_number_integer()) wrong(member + "." + name, "a whole number", value);
    counts[name] = value.get<std::int64_t>();
  }
  return counts;
}

/// Takes members out of a copy of the file's object; what is left over at the end is unknown.
class Reader {
 public:
  explicit Reader(Json json) : left_(std::move(json)) {
    if (!left_.is_object()) wrong("file", "an object", left_);
  }

  std::string text(const std::string& member) {
    const Json json = take(member, "");
    if (!json.is_string()) wrong(member, "a text", json);
    return json.get<std::string>();
  }
  std::string required_text(const std::string& member) {
    if (!left_.contains(member)) throw Error(fmt::format("record: `{}` is missing", member));
    return text(member);
  }
  std::uint64_t unsigned_number(const std::string& member) {
    const Json json = take(member, 0U);
    const bool counts = json.is_number_unsigned() || (json.is_number_integer() && json >= 0);
    if (!counts) wrong(member, "a whole number of at least 0", json);
    return json.get<std::uint64_t>();
  }
  std::map<std::string, double> numbers(const std::string& member) {
    return numbers_from(member, take(member, Json::object()));
  }
  std::map<std::string, std::int64_t> counts(const std::string& member) {
    return counts_from(member, take(member, Json::object()));
  }
  Json object(const std::string& member) {
    Json json = take(member, Json::object());
    if (!json.is_object()) wrong(member, "an object", json);
    return json;
  }
  Json array(const std::string& member) {
    Json json = take(member, Json::array());
    if (!json.is_array()) wrong(member, "an array", json);
    return json;
  }
  Json left() && { return std::move(left_); }

 private:
  Json take(const std::string& member, Json fallback) {
    const auto found = left_.find(member);
    if (found == left_.end()) return fallback;
    Json json = std::move(*found);
    left_.erase(found);
    return json;
  }

  Json left_;
};

}  // namespace

std::string to_string(Status status) {
  for (const auto& [value, name] : kStatusNames) {
    if (value == status) return name;
  }
  throw Error(fmt::format("no name for status {}", static_cast<int>(status)));
}

Status status_from(const std::string& text) {
  std::string known;
  for (const auto& [value, name] : kStatusNames) {
    if (text == name) return value;
    known += known.empty() ? name : std::string(", ") + name;
  }
  throw Error(fmt::format("unknown status `{}`; known are {}", text, known));
}

Json to_json(const Record& record) {
  Json json = record.rest.is_object() ? record.rest : Json::object();
  json["schema"] = kRecordSchema;
  json["id"] = record.id;
  json["key"] = record.key;
  json["seed"] = record.seed;
  json["status"] = to_string(record.status);
  json["reason"] = record.reason;
  json["axes"] = record.axes;
  json["metrics"] = numbers_to_json(record.metrics);
  json["validation"] = numbers_to_json(record.validation);
  json["floor"] = numbers_to_json(record.floor);
  json["cost"] = numbers_to_json(record.cost);
  json["terms"] = numbers_to_json(record.terms);
  json["source_metrics"] = Json::array();
  for (const auto& metrics : record.source_metrics) {
    json["source_metrics"].push_back(numbers_to_json(metrics));
  }
  json["parameters"] = record.parameters;
  json["examples"] = record.examples;
  json["selected"] = record.selected;
  json["provenance"] = record.provenance;
  json["warnings"] = record.warnings;
  return json;
}

Record record_from_json(const Json& json) {
  Reader reader(json);
  const std::uint64_t schema = reader.unsigned_number("schema");
  if (schema > kRecordSchema) {
    throw Error(fmt::format("record: schema {} is newer than this ktbench can read ({})", schema,
                            kRecordSchema));
  }
  Record record;
  record.id = reader.required_text("id");
  record.status = status_from(reader.required_text("status"));
  record.key = reader.text("key");
  record.seed = reader.unsigned_number("seed");
  record.reason = reader.text("reason");
  const Json axes = reader.object("axes");
  for (const auto& [name, value] : axes.items()) {
    record.axes[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  record.metrics = reader.numbers("metrics");
  record.validation = reader.numbers("validation");
  record.floor = reader.numbers("floor");
  record.cost = reader.numbers("cost");
  record.terms = reader.numbers("terms");
  for (const Json& metrics : reader.array("source_metrics")) {
    record.source_metrics.push_back(numbers_from("source_metrics", metrics));
  }
  record.parameters = reader.counts("parameters");
  record.examples = reader.counts("examples");
  record.selected = reader.object("selected");
  record.provenance = reader.object("provenance");
  for (const Json& warning : reader.array("warnings")) {
    if (!warning.is_string()) wrong("warnings", "an array of texts", warning);
    record.warnings.push_back(warning.get<std::string>());
  }
  record.rest = std::move(reader).left();
  return record;
}

std::string main_metric(const Record& record) {
  const auto named = record.selected.find("metric");
  return named != record.selected.end() && named->is_string() ? named->get<std::string>() : "top1";
}

}  // namespace ktb::core
