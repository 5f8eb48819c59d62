#include "ktb/transfer/probe.hpp"

#include <ATen/ops/cat.h>

namespace ktb {

SeenRows survey_rows(const Survey& over, const std::vector<Seat>& seats) {
  std::vector<std::vector<Tensor>> pooled(seats.size());
  std::vector<Tensor> labels;
  over([&](Step& step) {
    labels.push_back(step.lane().labels());
    for (std::size_t i = 0; i < seats.size(); ++i)
      pooled[i].push_back(step.run(seats[i], kTarget).pooled);
  });
  SeenRows seen;
  for (const auto& parts : pooled) seen.pooled.push_back(at::cat(parts));
  seen.labels = at::cat(labels);
  return seen;
}

}  // namespace ktb
