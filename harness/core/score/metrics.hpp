#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace ktb::core {

/// How a metric is called, shown and judged.
struct MetricInfo {
  std::string title;  ///< `top-1`
  std::string unit;   ///< `%`, or empty
  double scale = 1;   ///< from what records hold to what is shown
  bool higher_is_better = true;
  int further_digits = 2;  ///< after the point, beyond those that a table wants of percentages

  /// `top-1 %`
  std::string label() const { return unit.empty() ? title : title + " " + unit; }
  /// 1 where a higher value is better, else -1: times it, the highest is the best of any metric.
  double sign() const { return higher_is_better ? 1 : -1; }
};

/// Of any metric. One that the table does not know is shown under its name, as it stands in the
/// record, higher being better.
MetricInfo metric_info(const std::string& name);
bool is_known_metric(const std::string& name);

/// What a trial of this kind of task records of its test split, its main one first. Figures of
/// methods and of unions stand beside them in a record. Empty: a kind that is not known here.
std::vector<std::string> metrics_of(const std::string& kind, std::int64_t outputs,
                                    bool categorical);

/// Of metrics that records have, the one that judges their kind of task; without records `top1`.
std::string leading_metric(const std::set<std::string>& recorded);

}  // namespace ktb::core
