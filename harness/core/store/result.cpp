#include "core/store/result.hpp"

#include <array>
#include <map>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/fields.hpp"

namespace ktb::core {
namespace {

/// The members that tables ask for. Another one also changes `result_shape`.
constexpr std::array kSelected{"metric", "rule", "step"};
constexpr std::array kProvenance{"build",        "cpu",     "data",  "device",
                                 "instructions", "threads", "torch", "version"};

/// `visit(name, figures)`, the same for a record and for its result.
template <class Some, class Visit>
void each_figures(Some& of, Visit&& visit) {
  visit("metrics", of.metrics);
  visit("validation", of.validation);
  visit("floor", of.floor);
  visit("cost", of.cost);
  visit("parameters", of.parameters);
  visit("examples", of.examples);
}

template <std::size_t N>
Json members(const Json& object, const std::array<const char*, N>& names) {
  Json some = Json::object();
  for (const char* name : names)
    if (const auto found = object.find(name); found != object.end()) some[name] = *found;
  return some;
}

Making making_of(const Record& record) {
  const auto dataset = record.axes.find("dataset");
  Making making;
  if (dataset != record.axes.end()) making.dataset = dataset->second;
  making.selected = members(record.selected, kSelected);
  making.provenance = members(record.provenance, kProvenance);
  return making;
}

/// Names and values apart: the same names are the same bytes.
template <class Number>
void put_figures(const std::map<std::string, Number>& figures, ByteWriter& writer) {
  std::vector<std::string> names;
  std::vector<Number> values;
  for (const auto& [name, value] : figures) names.push_back(name), values.push_back(value);
  writer.put(to_bytes(names));
  writer.put(values);
}

}  // namespace

template <Of<Making> Self, class Ar>
void fields(Self& making, Ar& ar) {
  ar("dataset", making.dataset);
  ar("selected", making.selected);
  ar("provenance", making.provenance);
}

template <class Number>
Figures<Number>::Figures(std::shared_ptr<const Names> names, std::vector<Number> values)
    : names_(std::move(names)), values_(std::move(values)) {
  if (names_->size() != values_.size()) throw Error("not as many values as names");
}
template class Figures<double>;
template class Figures<std::int64_t>;

std::string result_bytes(const Record& record) {
  ByteWriter writer;
  writer.put(static_cast<const RecordHead&>(record));
  writer.put(to_bytes(making_of(record)));
  each_figures(record, [&](const char*, const auto& figures) { put_figures(figures, writer); });
  writer.put(record.warnings);
  return std::move(writer).take();
}

std::string result_shape() {
  std::string shape = "result " + shape_of<Making>();
  for (const char* name : kSelected) shape += std::string(name) + ' ';
  for (const char* name : kProvenance) shape += std::string(name) + ' ';
  const Record record;
  each_figures(record, [&](const char* name, const auto&) { shape += std::string(name) + ' '; });
  return shape;
}

RecordHead result_head(std::string_view bytes) {
  RecordHead head;
  ByteReader(bytes).get(head);
  return head;
}

Result ResultReader::read(std::string_view bytes) {
  ByteReader reader(bytes);
  Result result;
  reader.get(static_cast<RecordHead&>(result));
  result.making = makings_.of(reader.text());
  each_figures(result, [&]<class Number>(const char*, Figures<Number>& figures) {
    auto names = names_.of(reader.text());
    std::vector<Number> values;
    reader.get(values);
    figures = {std::move(names), std::move(values)};
  });
  reader.get(result.warnings);
  return result;
}

std::string main_metric(const Result& result) { return main_metric(result.making->selected); }
std::string machine_of(const Result& result) { return machine_of(result.making->provenance); }

}  // namespace ktb::core
