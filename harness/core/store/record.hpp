#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/fields.hpp"
#include "core/base/json.hpp"

namespace ktb::core {

/// A closed set; `hole` stands in plans only.
enum class Status {
  kOk,
  kHole,
  kFailed,
  kCrashed,
  kOutOfMemory,
  kTimeout,
  kDiverged,
  kInterrupted
};
constexpr auto words_of(Status) {
  return std::array<std::pair<Status, const char*>, 8>{{{Status::kOk, "ok"},
                                                        {Status::kHole, "hole"},
                                                        {Status::kFailed, "failed"},
                                                        {Status::kCrashed, "crashed"},
                                                        {Status::kOutOfMemory, "out-of-memory"},
                                                        {Status::kTimeout, "timeout"},
                                                        {Status::kDiverged, "diverged"},
                                                        {Status::kInterrupted, "interrupted"}}};
}

/// How a trial ended.
struct RecordHead {
  std::string id, key;
  std::uint64_t seed = 0;
  Status status = Status::kFailed;
  std::string reason;
  bool ok() const { return status == Status::kOk; }
};

template <Of<RecordHead> Self, class Ar>
void fields(Self& head, Ar& ar) {
  ar("id", head.id);
  ar("status", head.status);
  ar.optional("key", head.key);
  ar.optional("seed", head.seed);
  ar.optional("reason", head.reason);
}

/// One trial's outcome: record.json of docs/contracts.md.
/// Unknown members of the file survive in `rest`.
struct Record : RecordHead {
  std::map<std::string, std::string> axes;
  std::map<std::string, double> metrics, validation, floor, cost, terms;
  std::vector<std::map<std::string, double>> source_metrics;
  std::map<std::string, std::int64_t> parameters, examples;
  Json selected = Json::object(), provenance = Json::object(), rest = Json::object();
  std::vector<std::string> warnings;
  std::string weights;  ///< SHA-256 of weights.safetensors; empty: none kept, or none told
};

Json to_json(const Record& record);
/// The text of record.json. What a plugin named in bytes that are no UTF-8 is replaced there.
std::string record_text(const Record& record);
/// Throws Error with the place of what is missing or of another type.
Record record_from_json(const Json& json);

/// As core/base/bytes.hpp spells it.
std::string record_bytes(const Record& record);
Record record_from_bytes(std::string_view bytes);
std::string record_shape();

/// The metric that judges the trial's kind of task; `selected` is the record's.
std::string main_metric(const Json& selected);
std::string main_metric(const Record& record);

/// Where it ran: seconds of unlike machines cannot be compared. `provenance` is the record's.
std::string machine_of(const Json& provenance);
std::string machine_of(const Record& record);

}  // namespace ktb::core
