#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/fields.hpp"
#include "core/base/json_printer.hpp"
#include "core/plan/plan_text.hpp"

namespace ktb::core {
namespace {

/// Of a plan's file.
constexpr int kPlanSchema = 1;

}  // namespace

/// A stored plan leaves the specs out: each lies in its trial's folder.
template <Of<Trial> Self, class Ar>
void fields(Self& trial, Ar& ar) {
  ar("id", trial.id);
  ar("key", trial.key);
  ar("needs", trial.needs);
  ar.optional("accepted", trial.accepted);
  ar.optional("lacks", trial.lacks);
}

template <Of<Sample> Self, class Ar>
void fields(Self& sample, Ar& ar) {
  ar("seed", sample.seed);
  ar("trial", sample.trial);
  ar("sources", sample.sources);
  ar("tuning", sample.tuning);
}

template <Of<Cell> Self, class Ar>
void fields(Self& cell, Ar& ar) {
  ar("axes", cell.axes);
  ar("samples", cell.samples);
  ar("hole", cell.hole);
  ar("origin", cell.origin);
  ar("candidates", cell.candidates);
}

template <Of<Missing> Self, class Ar>
void fields(Self& missing, Ar& ar) {
  ar("kind", missing.kind);
  ar("name", missing.name);
  ar("message", missing.message);
  ar("trials", missing.trials);
}

template <Of<Rule> Self, class Ar>
void fields(Self& rule, Ar& ar) {
  ar("text", rule.text);
  ar("place", rule.place);
  ar("trials", rule.trials);
}

template <Of<Plan> Self, class Ar>
void fields(Self& plan, Ar& ar) {
  ar("suite", plan.suite);
  ar("profile", plan.profile);
  ar("file", plan.file);
  ar("title", plan.title);
  ar("question", plan.question);
  ar("device", plan.device);
  ar.optional("suite_digest", plan.suite_digest);
  ar.optional("narrowed", plan.narrowed);
  ar.optional("made", plan.made);
  ar("trials", plan.trials);
  ar("cells", plan.cells);
  ar("tables", plan.tables);
  ar("missing", plan.missing);
  ar("rules", plan.rules);
  ar.optional("sources", plan.sources);
  ar("warnings", plan.warnings);
  ar("order", plan.order);
  ar("labels", plan.labels);
  ar.optional("metrics", plan.metrics);
}

namespace {

/// A plan's file: its members beside the schema's number.
struct PlanFile {
  const Plan& plan;
};
template <Of<PlanFile> Self, class Ar>
void fields(Self& file, Ar& ar) {
  fields(file.plan, ar);
  ar("schema", kPlanSchema);
}

}  // namespace

Json to_json(const TableSpec& table) { return write_json(table); }

TableSpec table_spec_from_json(const Json& json) {
  return read_json<TableSpec>(JsonView(json, "plan", "tables"));
}

Json to_json(const Plan& plan) { return write_json(PlanFile{plan}); }

std::string plan_text(const Plan& plan, int indent) {
  return JsonPrinter(indent).print(PlanFile{plan});
}

Plan plan_from_json(const Json& json) {
  const JsonView view(json, "plan");
  const auto schema = view.find("schema");
  if (!schema || schema->json() != kPlanSchema)
    throw Error("this plan was written by another version; run `ktbench plan` again");
  return read_json<Plan>(view);
}

std::string plan_bytes(const Plan& plan) { return to_bytes(plan); }
Plan plan_from_bytes(std::string_view bytes) { return from_bytes<Plan>(bytes); }
std::string plan_shape() { return shape_of<Plan>(); }

}  // namespace ktb::core
