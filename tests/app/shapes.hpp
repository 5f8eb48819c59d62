#pragma once
#include <string>

namespace ktb::tests {

/// What suites over the data set `shapes` of these tests share: two networks, who teaches whom, and
/// the table. Stands behind what a test writes itself.
inline constexpr const char* kPairAndTable = R"(
[model]
wide = { plugin = "mlp", width = 32 }
narrow = { plugin = "mlp", width = 16 }
[grid.all]
pairs = ["wide -> narrow"]
[table.all]
rows = "method"
cols = "pair"
metrics = ["top1"]
)";

/// From the caption of a table titled Shapes on: what `run` prints after the lines of trials.
inline std::string table_of(const std::string& text) {
  return text.substr(text.rfind("\nShapes,"));
}

}  // namespace ktb::tests
