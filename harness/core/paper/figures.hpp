#pragma once
#include <string>

#include "core/table/table.hpp"

/// Figures for a paper, each the inside of a figure environment; the package pgfplots draws them.
/// A text is empty where the table has nothing to draw.
namespace ktb::core {

class Store;

/// Mean over seeds along training, a panel a column, from lowest to highest shaded: the metric on
/// validation data where the trials kept some back, else the loss of training.
std::string curves_figure(const Table& table, const Store& store);
/// Differences to the baseline with their intervals, below each other.
std::string forest_figure(const Table& table);
/// Mean ranks on a line; a bar joins those nearer than the critical difference (Demsar's diagram).
std::string ranks_figure(const Table& table);

}  // namespace ktb::core
