#include "tasks/task_kind.hpp"

#include <functional>

#include "ktb/error.hpp"
#include "tasks/classification.hpp"
#include "tasks/contrastive.hpp"
#include "tasks/control.hpp"
#include "tasks/multi_label.hpp"
#include "tasks/reconstruction.hpp"
#include "tasks/regression.hpp"
#include "tasks/retrieval.hpp"
#include "tasks/span.hpp"
#include "tasks/vqa.hpp"

namespace ktb::tasks {
namespace {

using Make = std::function<std::unique_ptr<TaskKind>(const TaskSpec&)>;

template <class T>
std::unique_ptr<TaskKind> make(const TaskSpec& spec) {
  return std::make_unique<T>(spec);
}

/// A further kind of task is a file of this folder and a line here.
const std::map<std::string, Make>& kinds() {
  static const std::map<std::string, Make> all = {
      {"classification", make<Classification>},
      {"multi_label", make<MultiLabel>},
      {"regression", make<Regression>},
      {"span", make<Span>},
      {"vqa", make<Vqa>},
      {"retrieval", make<Retrieval>},
      {"reconstruction", make<Reconstruction>},
      {"contrastive", make<Contrastive>},
      {"control", make<QLearning>},
      {"actor_critic", make<ActorCritic>},
  };
  return all;
}

}  // namespace

std::vector<std::int64_t> TaskKind::prediction_shape(const Batch& inputs) const {
  return {inputs.size(), spec_.outputs};
}

std::unique_ptr<TaskKind> make_task_kind(const TaskSpec& spec) {
  const auto found = kinds().find(spec.kind);
  if (found != kinds().end()) return found->second(spec);
  std::string known;
  for (const auto& [name, make] : kinds()) known += (known.empty() ? "" : ", ") + name;
  throw Error("the data set " + spec.name + " is of kind \"" + spec.kind +
              "\", which is not known; known: " + known);
}

}  // namespace ktb::tasks
