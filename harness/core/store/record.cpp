#include "core/store/record.hpp"

#include <fmt/format.h>

#include <type_traits>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/fields.hpp"
#include "core/base/output/escape.hpp"
#include "core/base/version.hpp"

namespace ktb::core {

template <Of<Record> Self, class Ar>
void fields(Self& record, Ar& ar) {
  using Head = std::conditional_t<std::is_const_v<Self>, const RecordHead, RecordHead>;
  fields(static_cast<Head&>(record), ar);
  ar.optional("axes", record.axes);
  ar.optional("metrics", record.metrics);
  ar.optional("validation", record.validation);
  ar.optional("floor", record.floor);
  ar.optional("cost", record.cost);
  ar.optional("terms", record.terms);
  ar.optional("source_metrics", record.source_metrics);
  ar.optional("parameters", record.parameters);
  ar.optional("examples", record.examples);
  ar.optional("selected", record.selected);
  ar.optional("provenance", record.provenance);
  ar.optional("warnings", record.warnings);
  ar.optional("weights", record.weights);
}

Json to_json(const Record& record) {
  Json json = record.rest.is_object() ? record.rest : Json::object();
  json.update(write_json(record));
  json["schema"] = kRecordSchema;
  return json;
}

std::string record_text(const Record& record) { return json_text(to_json(record), 1) + "\n"; }

Record record_from_json(const Json& json) {
  const JsonView view(json, "record");
  if (const auto schema = view.find("schema"); schema && schema->whole() > kRecordSchema)
    view.refuse(fmt::format("schema {} is newer than this ktbench can read ({})", schema->whole(),
                            kRecordSchema));
  for (const char* part : {"selected", "provenance"})
    if (const auto member = view.find(part)) member->members();  // refuses all but objects
  auto record = read_json<Record>(view);
  record.rest = json;
  const Json known = to_json(Record());
  for (const auto& [name, value] : known.items()) record.rest.erase(name);
  return record;
}

std::string record_bytes(const Record& record) {
  ByteWriter writer;
  writer.put(record);
  writer.put(record.rest);
  return std::move(writer).take();
}

Record record_from_bytes(std::string_view bytes) {
  ByteReader reader(bytes);
  Record record;
  reader.get(record);
  reader.get(record.rest);
  return record;
}

std::string record_shape() { return shape_of<Record>(); }

std::string machine_of(const Json& provenance) {
  const auto text = [&](const char* name) {
    const auto found = provenance.find(name);
    return found == provenance.end() ? std::string() : found->dump();
  };
  const std::string device = text("device");
  return device == "\"cpu\"" ? device + text("cpu") + text("threads") : device;
}
std::string machine_of(const Record& record) { return machine_of(record.provenance); }

std::string main_metric(const Json& selected) {
  const auto named = selected.find("metric");
  return named != selected.end() && named->is_string() ? named->get<std::string>() : "top1";
}
std::string main_metric(const Record& record) { return main_metric(record.selected); }

}  // namespace ktb::core
