#include "app/cell/finished.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>

#include "core/base/error.hpp"
#include "core/store/weights.hpp"

namespace ktb::app {
namespace {

std::int64_t count(const core::Record& record, const char* name) {
  const auto found = record.parameters.find(name);
  return found == record.parameters.end() ? 0 : found->second;
}

void check_weights(const core::Store& store, const Finished& trial) {
  const std::string& id = trial.record.id;
  if (!std::filesystem::exists(trial.folder.weights()))
    throw core::Error(fmt::format(
        "error: the weights of {} were not kept. Say `recipe.keep = [\"weights\"]` in the suite "
        "(or --set 'recipe.keep=[\"weights\"]') and run it again",
        id));
  if (!store.has_weights(id))
    throw core::Error(fmt::format("error: the weights of {} cannot be used", id));
  const auto target = count(trial.record, "target"), deployed = count(trial.record, "deployed");
  if (!trial.spec.target || deployed > target)
    throw core::Error(fmt::format(
        "error: `{}` predicts with {} parameters, {} of them its target's: the target alone is not "
        "what was judged",
        trial.spec.method.name, deployed, target));
}

}  // namespace

Finished finished(const core::Plan& plan, const core::Store& store, const CellChoice& words) {
  Subject subject = subject_of(plan, store, words);
  const std::string id = subject.trial.id;
  if (id.empty())
    throw core::Error(fmt::format("error: {} cannot be run: {}", title(subject),
                                  subject.cell ? subject.cell->hole : ""));
  const auto record = store.load(id);
  const auto stored = store.trial(id);
  if (!record || !record->ok() || !stored)
    throw core::Error(
        fmt::format("error: {}: {}; `ktbench run` makes it", title(subject),
                    record ? fmt::format("it is {}: {}", core::word(record->status), record->reason)
                           : "it has not been run"));
  Finished trial{std::move(subject), store.folder(id), stored->spec, *record};
  check_weights(store, trial);
  return trial;
}

}  // namespace ktb::app
