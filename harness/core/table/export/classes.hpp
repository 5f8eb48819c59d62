#pragma once
#include <vector>

#include "core/table/export/export.hpp"

namespace ktb::core {

/// One line a class of each trial whose task has one class an example: the trial, its axes, the
/// class with its examples, recall, precision and F1, and as `as.NAME` how often it was taken for
/// each class, a row of the confusion matrix.
std::vector<ExportLine> export_classes(const Plan& plan, const Outcomes& outcomes,
                                       const Store& store);

}  // namespace ktb::core
