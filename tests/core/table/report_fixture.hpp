#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/outcomes.hpp"
#include "core/store/result.hpp"
#include "core/table/table.hpp"

/// A plan and its records, written by hand: what every test of tables,
/// renderers and export starts from.
namespace ktb::core::testing {

/// Records by hand, as reading them would have made outcomes of them.
struct Known {
  std::map<std::string, Record> records;
  std::map<std::string, TrialSpec> specs;
  std::map<std::string, std::vector<bool>> samples;
  std::set<std::string> running;

  operator Outcomes() const {
    Outcomes made{{}, {records.begin(), records.end()}, specs, samples, running};
    ResultReader reader;
    for (const auto& [id, record] : records)
      made.results.emplace(id, reader.read(result_bytes(record)));
    return made;
  }
};

struct Bench {
  Plan plan;
  Known outcomes;

  /// As `in_full` reads a trial of a store.
  TrialInFull in_full(const Trial& trial) const {
    TrialInFull full;
    if (const auto found = outcomes.records.find(trial.id); found != outcomes.records.end())
      full.record = found->second;
    if (const auto found = outcomes.specs.find(trial.id); found != outcomes.specs.end())
      full.spec = found->second;
    return full;
  }

  Bench() {
    plan.suite = "hub";
    plan.profile = "quick";
    plan.device = "cpu";
    plan.title = "Hub of unlike models";
  }

  /// A cell with one `ok` record a value, seeds from 0; top-1 as a fraction.
  Cell& cell(const Axes& axes, const std::vector<double>& top1) {
    Cell& added = empty_cell(axes, top1.size());
    for (std::size_t seed = 0; seed < top1.size(); ++seed) {
      Record& record = outcomes.records[added.samples[seed].trial];
      record.status = Status::kOk;
      record.metrics["top1"] = top1[seed];
    }
    return added;
  }

  /// A cell with one `ok` record a seed: of so many test samples, the first ones are right.
  Cell& judged_cell(const Axes& axes, std::size_t samples, const std::vector<std::size_t>& right) {
    std::vector<double> top1;
    for (const std::size_t count : right)
      top1.push_back(static_cast<double>(count) / static_cast<double>(samples));
    Cell& added = cell(axes, top1);
    for (std::size_t seed = 0; seed < right.size(); ++seed) {
      std::vector<bool>& bits = outcomes.samples[added.samples[seed].trial];
      bits.assign(samples, false);
      std::fill_n(bits.begin(), right[seed], true);
    }
    return added;
  }

  /// A cell none of whose trials has run.
  Cell& empty_cell(const Axes& axes, std::size_t seeds) {
    Cell cell;
    cell.axes = axes;
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      cell.samples.push_back({seed, trial(axes, seed), {}, {}});
    }
    for (const auto& [axis, value] : axes) {
      auto& known = plan.order[axis];
      if (std::find(known.begin(), known.end(), value) == known.end()) known.push_back(value);
    }
    plan.cells.push_back(cell);
    return plan.cells.back();
  }

  Cell& hole(const Axes& axes, const std::string& reason, std::size_t seeds = 3) {
    Cell cell;
    cell.axes = axes;
    cell.hole = reason;
    for (std::size_t seed = 0; seed < seeds; ++seed) cell.samples.push_back({seed, "", {}, {}});
    for (const auto& [axis, value] : axes) {
      auto& known = plan.order[axis];
      if (std::find(known.begin(), known.end(), value) == known.end()) known.push_back(value);
    }
    plan.cells.push_back(cell);
    return plan.cells.back();
  }

  Record& record(const Cell& cell, std::size_t seed) {
    return outcomes.records.at(cell.samples[seed].trial);
  }

  /// Adds a trial with a record that has everything but metrics; its id.
  std::string trial(const Axes& axes, std::uint64_t seed) {
    Trial trial;
    for (const auto& [axis, value] : axes) trial.id += value + "-";
    trial.id += std::to_string(seed);
    trial.key = "key of " + trial.id;
    if (outcomes.records.count(trial.id) > 0) return trial.id;
    Record record;
    record.id = trial.id;
    record.key = trial.key;
    record.seed = seed;
    record.axes = axes;
    record.selected = {{"rule", "last"}};
    record.provenance = {{"device", "cpu"}, {"cpu", "some CPU"}, {"threads", 1}};
    record.examples = {{"train", 4000}, {"test", 2000}};
    record.floor = {{"chance", 0.125}, {"majority", 0.125}};
    record.cost = {{"train_seconds", 10.0 + static_cast<double>(seed)}};
    record.parameters = {{"deployed", 278324}, {"extra", 1024}};
    outcomes.records[trial.id] = record;
    plan.trials.push_back(trial);
    return trial.id;
  }

  void forget(const Cell& cell, std::size_t seed) {
    outcomes.records.erase(cell.samples[seed].trial);
  }

  void fail(const Cell& cell, std::size_t seed, Status status, const std::string& reason) {
    Record& failed = record(cell, seed);
    failed.status = status;
    failed.reason = reason;
    failed.metrics.clear();
  }
};

/// Rows are methods, columns shares of labels; every state and kind of row occurs.
inline Bench hub_bench() {
  Bench bench;
  const std::vector<std::string> labels{"0.05", "0.2", "1"};
  const std::map<std::string, std::vector<std::vector<double>>> top1{
      {"scratch", {{.410, .391, .430}, {.582, .571, .593}, {.701, .695, .707}}},
      {"hub_pathway", {{.551, .541, .560}, {.679, .673, .686}, {.761, .755, .758}}},
      {"mixture", {{.540, .536, .551}, {.650, .641, .657}, {.740, .738, .742}}}};
  const auto axes = [](const std::string& method, const std::string& source,
                       const std::string& share) {
    return Axes{{"dataset", "noto"},
                {"pair", source + " -> self"},
                {"source", source},
                {"method", method},
                {"labels", share}};
  };
  bench.plan.order["method"] = {"scratch", "finetune", "zoo_tuning", "hub_pathway", "mixture"};
  bench.plan.order["labels"] = labels;
  for (std::size_t column = 0; column < labels.size(); ++column) {
    bench.cell(axes("scratch", "four", labels[column]), top1.at("scratch")[column]);
    int member = 0;
    for (const std::string source : {"fonts", "fashion", "turned", "coded"}) {
      const double base = .45 + .10 * static_cast<double>(column) + .02 * member;
      Cell& cell =
          bench.cell(axes("finetune", source, labels[column]), {base, base + .01, base - .01});
      for (std::size_t seed = 0; seed < 3; ++seed) {
        bench.record(cell, seed).validation["top1"] = base + (member == 2 ? .1 : 0);
      }
      ++member;
    }
    bench.hole(axes("zoo_tuning", "four", labels[column]), "members differ in architecture");
    bench.cell(axes("hub_pathway", "four", labels[column]), top1.at("hub_pathway")[column]);
    bench.cell(axes("mixture", "four", labels[column]), top1.at("mixture")[column]);
  }
  const auto find = [&](const std::string& method, const std::string& share) -> Cell& {
    for (Cell& cell : bench.plan.cells) {
      if (cell.axes.at("method") == method && cell.axes.at("labels") == share) return cell;
    }
    throw std::out_of_range(method);
  };
  bench.fail(find("hub_pathway", "1"), 2, Status::kDiverged, "loss is not finite at step 812");
  bench.forget(find("mixture", "1"), 0);
  bench.forget(find("mixture", "1"), 1);
  bench.forget(find("mixture", "1"), 2);
  bench.outcomes.running.insert(find("mixture", "1").samples[1].trial);
  return bench;
}

inline TableSpec hub_spec() {
  TableSpec spec;
  spec.name = "main";
  spec.cols = {"labels"};
  spec.metrics = {"top1"};
  spec.baseline = "best_single";
  spec.extra = {"chance"};
  spec.derive = {{"best_single", "finetune", "source"}};
  return spec;
}

}  // namespace ktb::core::testing
