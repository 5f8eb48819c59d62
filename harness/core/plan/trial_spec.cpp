#include "core/plan/trial_spec.hpp"

#include <fmt/format.h>

namespace ktb::core {

Json to_json(const TrialSpec& trial) { return write_json(trial); }

TrialSpec trial_spec_from_json(const Json& json, const std::string& file) {
  const JsonView view(json, file);
  auto trial = read_json<TrialSpec>(view);
  if (trial.schema > kRecordSchema)
    view.refuse(fmt::format("schema {} is newer than this ktbench can read ({})", trial.schema,
                            kRecordSchema));
  return trial;
}

}  // namespace ktb::core
