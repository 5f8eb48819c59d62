// Structure of the model plugins that read texts, pictures with texts, and sounds.
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/gru.h>
#include <gmock/gmock.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <initializer_list>
#include <ostream>
#include <sstream>

#include "run/check/check.hpp"
#include "run/model_making.hpp"
#include "run/plugins/sample_tasks.hpp"
#include "run/weights/fit.hpp"
#include "run/weights/safetensors.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Shape = std::vector<std::int64_t>;

constexpr std::int64_t kLength = 10, kVocabulary = 40;
constexpr float kNever = -1e4F;

InputSpec ids(const std::string& name, std::int64_t vocabulary, std::int64_t length = kLength) {
  InputSpec input{name, {length}, "words:test", {}, {}};
  input.vocabulary = vocabulary;
  return input;
}

/// Of that kind, on texts; with pictures where the kind compares or asks about them.
TaskSpec task_of(const std::string& kind, std::int64_t outputs = 3) {
  TaskSpec task;
  task.name = "texts", task.kind = kind, task.outputs = outputs;
  if (kind == "vqa" || kind == "retrieval")
    task.inputs.push_back({"image", {3, 32, 32}, "rgb", {}, {}});
  task.inputs.push_back(ids("tokens", kVocabulary));
  if (kind == "span") task.inputs.push_back(ids("segments", 2));
  return task;
}

TaskSpec sounds() {
  TaskSpec task;
  task.name = "sounds", task.kind = "classification", task.outputs = 3;
  task.inputs = {{"audio", {1, 40, 50}, "logmel:40:8000", {}, {}}};
  return task;
}

/// Without the head.
std::int64_t trunk_size(const Model& model) {
  std::int64_t count = 0;
  for (const auto& item : model.named_parameters())
    if (!model.is_head(item.key())) count += item.value().numel();
  return count;
}

struct Case {
  std::string name, kind;
  Given options = {};
  std::string label() const {
    auto text = name + "_" + kind;
    for (const auto& [option, value] : options)
      if (const auto* word = std::get_if<std::string>(&value)) text += "_" + *word;
    return text;
  }
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.label(); }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto* name : {"bert", "distilbert", "bigru", "text_cnn"})
    for (const auto* kind : {"classification", "span"}) all.push_back({name, kind});
  const auto add = [&](const char* name, const char* kind,
                       std::initializer_list<std::pair<const char*, const char*>> words) {
    all.push_back({name, kind});
    for (const auto& [option, word] : words) all.back().options[option] = std::string(word);
  };
  add("bert", "classification", {{"pooling", "cls"}});
  add("bert", "classification", {{"pooling", "pooler"}});
  add("dual_encoder", "retrieval", {{"image", "cnn"}, {"text", "transformer"}});
  add("dual_encoder", "retrieval", {{"image", "vit"}, {"text", "gru"}});
  add("dual_encoder", "retrieval", {{"image", "cnn"}, {"text", "bag"}});
  add("fusion_encoder", "vqa", {{"fusion", "cross"}});
  add("fusion_encoder", "vqa", {{"fusion", "concat"}, {"image", "vit"}});
  add("fusion_encoder", "vqa", {{"fusion", "product"}, {"text", "bag"}});
  return all;
}

class TextModels : public testing::TestWithParam<Case> {
 protected:
  TaskSpec task_ = task_of(GetParam().kind, GetParam().kind == "span" ? 2 : 3);
  std::shared_ptr<Model> model_ = make(GetParam().name, task_, GetParam().options);
};

TEST_P(TextModels, PredictAsTheKindOfTaskExpects) {
  const auto batch = kit_batch(task_, 3, 1);
  const auto out = evaluate(*model_, batch);
  EXPECT_EQ(out.pred.sizes().vec(), prediction_shape(task_, batch));
  EXPECT_EQ(out.pooled.dim(), 2);
  EXPECT_EQ(out.pooled.size(0), 3);
  EXPECT_EQ(out.features.back().dim(), 3);
  const auto one = evaluate(*model_, batch.rows(torch::tensor({1})));
  EXPECT_TRUE(torch::allclose(one.pred, out.pred.slice(0, 1, 2), 1e-3, 1e-5));
  set_precision("bf16");
  const auto mixed = evaluate(*model_, batch);
  set_precision("fp32");
  EXPECT_EQ(mixed.pred.scalar_type(), at::kFloat);
  EXPECT_EQ(mixed.features.back().scalar_type(), at::kFloat);
  EXPECT_TRUE(mixed.pred.isfinite().all().item<bool>());
}

TEST_P(TextModels, ReachEveryParameter) {
  model_->train();
  (*model_)(kit_batch(task_, 4, 1)).pred.logsumexp(1).sum().backward();
  for (const auto& item : model_->named_parameters()) {
    const auto gradient = item.value().grad();
    ASSERT_TRUE(gradient.defined()) << item.key();
    // A bias of keys shifts all scores of a softmax alike.
    const bool shift = item.key().ends_with("key.bias") || item.key().ends_with("k_lin.bias");
    EXPECT_TRUE(shift || gradient.abs().sum().item<double>() > 0) << item.key();
  }
}

TEST_P(TextModels, DoNotSeePadding) {
  auto batch = kit_batch(task_, 3, 1);
  const auto before = evaluate(*model_, batch).pred;
  for (const auto* name : {"tokens", "segments"})
    if (batch.x.contains(name))
      batch.x[name] = at::cat({batch.x[name], torch::zeros({3, 5}, at::kLong)}, 1);
  const auto after = evaluate(*model_, batch).pred;
  EXPECT_TRUE(torch::allclose(after.slice(-1, 0, before.size(-1)), before, 1e-4, 1e-5));
}

TEST_P(TextModels, SurviveAnEmptyText) {
  auto batch = kit_batch(task_, 2, 1);
  batch.x["tokens"].zero_();
  model_->train();
  const auto pred = (*model_)(batch).pred;
  EXPECT_TRUE(pred.isfinite().all().item<bool>());
  pred.square().mean().backward();
  for (const auto& item : model_->named_parameters())
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
}

TEST_P(TextModels, ComeBackFromAFileByName) {
  const auto other = make(GetParam().name, task_, GetParam().options);
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model_->parameters()) parameter.add_(torch::randn_like(parameter), 0.01);
  }
  const TemporaryFolder folder;
  const std::string path = folder.path() / "weights.safetensors";
  write_safetensors(path, {state_of(*model_), {}});
  EXPECT_THAT(load_weights(*other, open_weights(path)), IsEmpty());
  const auto batch = kit_batch(task_, 2, 1);
  EXPECT_TRUE(torch::equal(evaluate(*other, batch).pred, evaluate(*model_, batch).pred));
}

INSTANTIATE_TEST_SUITE_P(, TextModels, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.label(); });

TEST(TextModelKinds, AreServedByEveryModelOfTexts) {
  for (const auto* name : {"bert", "distilbert", "bigru", "text_cnn"})
    for (const auto* kind : {"classification", "regression", "multi_label", "span", "vqa"}) {
      const auto task = task_of(kind, std::string(kind) == "span" ? 2 : 3);
      const auto batch = kit_batch(task, 2, 1);
      EXPECT_EQ(evaluate(*make(name, task), batch).pred.sizes().vec(),
                prediction_shape(task, batch))
          << name << ", " << kind;
    }
}

TEST(TextModelParameters, AreAsManyAsPublished) {
  auto task = task_of("classification");
  task.inputs[0].vocabulary = 30'522;
  const Value pooler = std::string("pooler");
  // BertModel and DistilBertModel of Hugging Face, which have no head:
  // 110 M and 66 M in the papers.
  EXPECT_EQ(trunk_size(*make("bert_base", task)), 109'482'240);
  EXPECT_EQ(trunk_size(*make("distilbert_base", task)), 66'362'880);
  // sentence-transformers/all-MiniLM-L6-v2: the sum over its safetensors, position_ids left out.
  EXPECT_EQ(trunk_size(*make("minilm", task, {{"pooling", pooler}})), 22'713'216);
  // google-research/bert: 4.4 M and 11.3 M (the table of 24 smaller models); here by hand.
  const auto small = [](std::int64_t width, std::int64_t layers) {
    const auto embedding = (30'522 + 512 + 2) * width + 2 * width;
    const auto layer = 4 * (width + 1) * width + 2 * 4 * width * width + 5 * width + 4 * width;
    return embedding + layers * layer + (width + 1) * width;
  };
  EXPECT_EQ(trunk_size(*make("bert_tiny", task, {{"pooling", pooler}})), small(128, 2));
  EXPECT_EQ(trunk_size(*make("bert_tiny", task, {{"pooling", pooler}})), 4'385'920);
  EXPECT_EQ(trunk_size(*make("bert_mini", task, {{"pooling", pooler}})), small(256, 4));
}

TEST(TextModelParameters, OfRecurrentAndConvolutionalOnesAreCountedByHand) {
  const auto task = task_of("classification");
  // words; input and state weights of three gates with two biases, in both directions
  EXPECT_EQ(trunk_size(*make("bigru", task)), 40 * 128 + 2 * 3 * 64 * (128 + 64 + 2));
  EXPECT_EQ(trunk_size(*make("text_cnn", task)), 40 * 128 + (3 + 4 + 5) * 128 * 100 + 3 * 100);
}

TEST(TextModelSites, AreTheLastOutputMatrixOfTheFeedForwardPart) {
  const auto task = task_of("classification");
  const auto sites = [&](const std::string& name, const TaskSpec& of, Given given = {}) {
    const auto model = make(name, of, std::move(given));
    return std::vector{model->gives(), model->takes()};
  };
  const std::string bert = "encoder.layer.1.output.dense.weight";
  EXPECT_THAT(sites("bert", task), ElementsAre(bert, bert));
  const std::string distil = "transformer.layer.0.ffn.lin2.weight";
  EXPECT_THAT(sites("distilbert", task), ElementsAre(distil, distil));
  EXPECT_THAT(sites("bigru", task), ElementsAre("classifier.weight", "gru.weight_ih_l0"));
  EXPECT_THAT(sites("text_cnn", task), ElementsAre("classifier.weight", "convs.2.weight"));
  EXPECT_THAT(sites("bigru", task_of("span", 2)),
              ElementsAre("qa_outputs.weight", "gru.weight_ih_l0"));
  EXPECT_THAT(
      sites("dual_encoder", task_of("retrieval"), {{"image", std::string("vit")}}),
      ElementsAre("image.layers.1.mlp.3.weight", "text.encoder.layer.1.output.dense.weight"));
  const std::string fused = "fusion.layer.0.output.dense.weight";
  EXPECT_THAT(sites("fusion_encoder", task_of("vqa")), ElementsAre(fused, fused));
  EXPECT_THAT(sites("audio_cnn", sounds()), ElementsAre("fc.weight", "features.3.conv.weight"));
}

// A sum stands between a feed-forward block and the normalisation behind it, so its scale matters.
TEST(TextModelSites, LoseTheirScaleOnlyBeforeABatchNormalisation) {
  const auto bert = make("bert", task_of("classification"));
  EXPECT_FALSE(bert->normalised_after(bert->takes()));
  const auto dual = make("dual_encoder", task_of("retrieval"));
  EXPECT_TRUE(dual->normalised_after(dual->gives()));
  EXPECT_FALSE(dual->normalised_after(dual->takes()));
  EXPECT_FALSE(dual->normalised_after("image.project.weight"));
  const auto vit = make("dual_encoder", task_of("retrieval"), {{"image", std::string("vit")}});
  EXPECT_FALSE(vit->normalised_after("image.patches.weight"));
  const auto audio = make("audio_cnn", sounds());
  EXPECT_TRUE(audio->normalised_after(audio->takes()));
}

TEST(TextModelInputs, AreTextsOfAnyLengthOfTheSameVocabulary) {
  const auto model = make("bert", task_of("classification"));
  ASSERT_EQ(model->reads().size(), 1u);
  EXPECT_TRUE(model->reads()[0].accepts(ids("tokens", kVocabulary, 77)));
  auto other = ids("tokens", kVocabulary);
  other.space = "words:other";
  EXPECT_FALSE(model->reads()[0].accepts(other));
  EXPECT_EQ(make("bert", task_of("span", 2))->reads().size(), 2u);
  EXPECT_EQ(make("bert", task_of("vqa"))->reads().size(), 1u);
  EXPECT_EQ(make("fusion_encoder", task_of("vqa"))->reads().size(), 2u);
}

TEST(SpanHead, PutsPaddingAndNothingElseFarBelow) {
  const auto task = task_of("span", 2);
  for (const auto* name : {"bert", "distilbert", "bigru", "text_cnn"}) {
    const auto batch = kit_batch(task, 5, 2);
    const auto pred = evaluate(*make(name, task), batch).pred;
    const auto padding = batch.x.at("tokens").eq(0).unsqueeze(1).expand_as(pred);
    EXPECT_TRUE(pred.eq(kNever).equal(padding)) << name;
    EXPECT_GT(padding.sum().item<int>(), 0);
  }
}

TEST(SpanHead, OfBertHasNoPooler) {
  const auto model = make("bert", task_of("span", 2), {{"pooling", std::string("pooler")}});
  EXPECT_THAT(model->named_parameters().keys(),
              testing::Not(testing::Contains(testing::HasSubstr("pooler"))));
}

TEST(Segments, ChangeWhatBertSees) {
  const auto task = task_of("span", 2);
  const auto model = make("bert", task);
  auto batch = kit_batch(task, 2, 1);
  const auto before = evaluate(*model, batch).pred;
  batch.x["segments"] = 1 - batch.x["segments"];
  EXPECT_FALSE(torch::allclose(evaluate(*model, batch).pred, before, 1e-3, 1e-3));
}

TEST(BiGru, ReadsAFullTextAsTorchDoesAndAShortOneAsIfItEndedThere) {
  const auto task = task_of("classification");
  const auto model = make("bigru", task, {{"num_layers", 2L}});
  auto batch = kit_batch(task, 2, 1);  // texts of 10 and 9 tokens
  const auto ours = evaluate(*model, batch).features.back();
  std::vector<Tensor> weights;
  for (const auto& item : model->named_parameters())
    if (item.key().rfind("gru.", 0) == 0) weights.push_back(item.value().detach());
  const torch::NoGradGuard no_grad;
  for (std::int64_t row = 0; row < 2; ++row) {
    const auto length = 10 - row;
    const auto words =
        model->site("embedding.weight")
            .index({batch.x.at("tokens").slice(0, row, row + 1).slice(1, 0, length)});
    const auto theirs = std::get<0>(at::gru(words, torch::zeros({4, 1, 64}), weights, true, 2, 0,
                                            false, /*bidirectional=*/true, /*batch_first=*/true));
    EXPECT_TRUE(torch::allclose(ours[row].slice(0, 0, length), theirs[0], 1e-4, 1e-6)) << row;
  }
}

TEST(Weights, OfALargerNetworkOrAnOldFileFindTheirNames) {
  const auto task = task_of("classification");
  const auto model = make("bert", task), other = make("bert", task);
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->parameters()) parameter.add_(torch::randn_like(parameter), 0.1);
  }
  TensorFile file;
  for (const auto& [name, tensor] : state_of(*model)) {
    auto theirs = model->is_head(name) ? name : "bert." + name;
    if (const auto at = theirs.find("LayerNorm.weight"); at != std::string::npos)
      theirs.replace(at, std::string::npos, "LayerNorm.gamma");
    if (const auto at = theirs.find("LayerNorm.bias"); at != std::string::npos)
      theirs.replace(at, std::string::npos, "LayerNorm.beta");
    file.tensors.emplace_back(theirs, tensor);
  }
  file.tensors.emplace_back("bert.embeddings.position_ids", torch::arange(512).unsqueeze(0));
  file.tensors.emplace_back("cls.predictions.bias", torch::zeros(kVocabulary));
  const TemporaryFolder own;
  const auto path = (own.path() / "w.safetensors").string();
  write_safetensors(path, file);
  EXPECT_THAT(load_weights(*other, open_weights(path), "", other->head_name()),
              testing::ElementsAre(
                  "w.safetensors has 1 tensor that the model lacks: cls.predictions.bias"));
  const auto batch = kit_batch(task, 2, 1);
  EXPECT_TRUE(torch::equal(evaluate(*other, batch).pred, evaluate(*model, batch).pred));
}

TEST(MiniLm, GivesThePublishedHiddenStatesAndEmbeddings) {
  Registry registry({KTB_PLUGIN_DIR});
  std::ostringstream out;
  const int code = check(registry, {KTB_SOURCE_DIR "/tests/vectors/model_minilm"}, out);
  if (out.str().find("in no data directory") != std::string::npos)
    GTEST_SKIP() << "scripts/setup --data gets the weights";
  EXPECT_EQ(code, 0) << out.str();
  EXPECT_THAT(out.str(), testing::EndsWith("2 passed, 0 failed, 0 skipped\n"));
}

TEST(TextModelErrors, SayWhatDoesNotFit) {
  const auto texts = task_of("classification");
  EXPECT_THAT(error_of("bert", texts, {{"max_length", 8L}}),
              HasSubstr("`max_length` is 8, and texts of `texts` have 10 tokens"));
  EXPECT_THAT(error_of("distilbert", texts, {{"num_heads", 3L}}), HasSubstr("`hidden_dim`, 128"));
  EXPECT_THAT(error_of("bert", sounds()), HasSubstr("offers audio"));
  EXPECT_THAT(error_of("audio_cnn", texts), HasSubstr("offers tokens"));
  EXPECT_THAT(error_of("text_cnn", task_of("retrieval")), HasSubstr("choose dual_encoder"));
  EXPECT_THAT(error_of("dual_encoder", task_of("vqa")), HasSubstr("choose fusion_encoder"));
  EXPECT_THAT(error_of("fusion_encoder", task_of("retrieval")), HasSubstr("choose dual_encoder"));
  EXPECT_THAT(error_of("resnet8", task_of("retrieval")), HasSubstr("choose dual_encoder"));
  EXPECT_THAT(error_of("text_cnn", texts, {{"widths", Shape{}}}), HasSubstr("`widths` is empty"));
  EXPECT_THAT(error_of("dual_encoder", task_of("retrieval"),
                       {{"text", std::string("gru")}, {"hidden_dim", 33L}}),
              HasSubstr("an even width"));
  auto unknown = texts;
  unknown.inputs[0].vocabulary = 0;
  EXPECT_THAT(error_of("bigru", unknown), HasSubstr("has no vocabulary"));
}

TEST(TextModelErrors, TellATextThatIsLongerThanThePositions) {
  auto task = task_of("classification");
  task.inputs[0].shape = {-1};
  const auto model = make("bert", task, {{"max_length", 8L}});
  Batch batch;
  batch.x["tokens"] = torch::ones({2, 9}, at::kLong);
  EXPECT_THAT(
      [&] { evaluate(*model, batch); },
      testing::ThrowsMessage<Error>(HasSubstr("texts of 9 tokens, and the model has 8 positions")));
}

/// Trains on fresh batches; the share that is right on the last ones.
double learn(const std::string& name, const TaskSpec& task,
             const std::function<Tensor(const Batch&)>& labels, int steps) {
  const auto model = make(name, task, {{"dropout", 0.0}});
  torch::optim::Adam adam(model->parameters(), torch::optim::AdamOptions(3e-3));
  double right = 0;
  constexpr int kJudged = 10;
  for (int step = 0; step < steps; ++step) {
    const auto batch = kit_batch(task, 32, 100 + static_cast<std::uint64_t>(step));
    const auto wanted = labels(batch);
    auto logits = (*model)(batch).pred;
    if (task.kind == "span") logits = logits.select(1, 0);
    adam.zero_grad();
    at::cross_entropy_loss(logits, wanted).backward();
    adam.step();
    if (step >= steps - kJudged)
      right += logits.argmax(1).eq(wanted).to(at::kFloat).mean().item<double>() / kJudged;
  }
  return right;
}

TEST(TextModelLearning, FindsWhetherAWordOccurs) {
  auto task = task_of("classification", 2);
  const auto labels = [](const Batch& batch) {
    return batch.x.at("tokens").le(4).any(1).to(at::kLong);  // about half of the texts
  };
  for (const auto* name : {"bert", "distilbert", "bigru", "text_cnn"})
    EXPECT_GT(learn(name, task, labels, 60), 0.9) << name;
}

TEST(TextModelLearning, FindsWhereAWordStands) {
  auto task = task_of("span", 2);
  const auto labels = [](const Batch& batch) {  // the largest id of a text
    return batch.x.at("tokens").argmax(1);
  };
  EXPECT_GT(learn("bert", task, labels, 120), 0.6);
}

}  // namespace
}  // namespace ktb::run
