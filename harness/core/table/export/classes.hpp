#pragma once
#include "core/table/export/export.hpp"

namespace ktb::core {

/// One line a class of each trial whose task has one class an example: the trial, its axes, the
/// class with its examples, recall, precision and F1, and as `as.NAME` how often it was taken for
/// each class, a row of the confusion matrix.
void export_classes(const Plan& plan, const ReadTrial& read, const Store& store,
                    const TakeLine& take);

}  // namespace ktb::core
