// Reference cases of a published text encoder: texts go through a plugin with the weights that were
// published, and hidden states and sentence embeddings are compared.
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ktb/files.hpp"
#include "run/check/check.hpp"
#include "run/kit/conformance.hpp"
#include "run/plugins/plain.hpp"
#include "run/weights/fit.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {
namespace {

TaskSpec task_of(std::int64_t vocabulary) {
  InputSpec tokens{"tokens", {-1}, "wordpiece:bert-uncased", {}, {}};
  tokens.vocabulary = vocabulary;
  TaskSpec task;
  task.name = task.labels = "case";
  task.kind = "classification";
  task.inputs = {tokens};
  task.outputs = 2;
  return task;
}

/// The published file in the data directories; throws Skipped where there is none.
std::string find_weights(const std::string& name, const std::string& sha256) {
  const auto path = DataFolder(data_places({})).find(name + "/model.safetensors");
  if (path.empty())
    throw Skipped("the weights " + name +
                  "/model.safetensors are in no data directory; scripts/setup --data gets them");
  const auto found = digest(read_file(path));
  if (found != "sha256:" + sha256)
    throw Error(path + " is not the file of the case: " + found + ", expected sha256:" + sha256);
  return path;
}

/// A model with those weights; its head, which no published encoder has, stays as it was made.
std::shared_ptr<Model> encoder(Registry& registry, const std::string& name, const TensorFile& file,
                               const std::string& path, const std::string& pooling,
                               at::Device device) {
  Options options({{"pooling", pooling}});
  const auto vocabulary = file.find("embeddings.word_embeddings.weight").size(0);
  const auto model = registry.model(name, task_of(vocabulary), options);
  load_weights(*model, open_weights(path), {}, model->head_name());
  model->to(device);
  model->eval();
  return model;
}

Tensor first16(const Tensor& tokens) { return tokens.select(1, 0).slice(1, 0, 16); }

/// Mean, population deviation, least and largest value of each text's tokens.
Tensor statistics(const Tensor& hidden, const Tensor& mask) {
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < hidden.size(0); ++i) {
    const auto text = hidden[i].index({mask[i].to(at::kBool)}).to(at::kDouble);
    rows.push_back(at::stack({text.mean(), text.std(false), text.min(), text.max()}));
  }
  return at::stack(rows);
}

}  // namespace

Answers answer_encoder(Registry& registry, const StoredCase& stored) {
  const torch::NoGradGuard no_grad;
  const auto name = stored.method.substr(std::string("model_").size());
  const auto path = find_weights(name, stored.option<std::string>("weights_sha256"));
  const auto file = read_safetensors(path);
  const Tensor mask = stored.input("attention_mask");
  Batch batch;
  batch.x["tokens"] = stored.input("input_ids") * mask;

  const auto out = (*encoder(registry, name, file, path, "mean", stored.device))(batch);
  const auto unit = out.pooled / at::linalg_vector_norm(out.pooled, 2, {1}, /*keepdim=*/true);
  Tensors answers = {{"out.embedding", unit},
                     {"out.cosine", unit.matmul(unit.t())},
                     {"out.embedding_layer_token0_first16", first16(out.features.front())},
                     {"out.hidden_token0_first16", first16(out.features.back())},
                     {"out.hidden_stats", statistics(out.features.back(), mask)}};
  for (std::size_t i = 1; i < out.features.size(); ++i)
    answers["out.layer." + std::to_string(i) + ".token0_first16"] = first16(out.features[i]);
  const auto pooled =
      encoder(registry, name, file, path, "pooler", stored.device)->trunk(batch).pooled;
  answers["out.pooler_first16"] = pooled.slice(1, 0, 16);
  return answers;
}

}  // namespace ktb::run
