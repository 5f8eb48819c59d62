#include "ktb/nn/inputs.hpp"

#include "ktb/error.hpp"

namespace ktb {
namespace {

/// What a person calls an input of that name.
std::string form_of(const std::string& name) {
  if (name == "image") return "`image` [channels, height, width]; choose a data set of images";
  if (name == "tokens") return "`tokens` [length]; choose a data set of texts";
  if (name == "audio") return "`audio` [1, bands, frames]; choose a data set of sounds";
  return "`" + name + "`";
}

}  // namespace

const InputSpec* find_input(const TaskSpec& task, const std::string& name, std::size_t extents) {
  for (const auto& input : task.inputs)
    if (input.name == name && input.shape.size() == extents) return &input;
  return nullptr;
}

const InputSpec& wanted_input(const TaskSpec& task, const std::string& name, std::size_t extents) {
  if (const auto* found = find_input(task, name, extents)) return *found;
  std::string offered;
  for (const auto& input : task.inputs) offered += (offered.empty() ? "" : ", ") + input.name;
  throw Error("the task `" + task.name + "` offers " + (offered.empty() ? "no inputs" : offered) +
              ", and this model reads " + form_of(name));
}

void require_one_prediction(const TaskSpec& task) {
  if (task.kind == "span")
    throw Error("the task `" + task.name +
                "` looks for a span of tokens, and this model gives one prediction an example; "
                "choose a model of texts: bert, distilbert, bigru, text_cnn");
  if (task.kind == "retrieval")
    throw Error("the task `" + task.name +
                "` matches pictures and texts, and this model gives one prediction an example; "
                "choose dual_encoder");
}

}  // namespace ktb
