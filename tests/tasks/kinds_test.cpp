// Kinds of tasks beside classification: losses, metrics and floors worked out by hand.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "core/score/metrics.hpp"
#include "ktb/error.hpp"
#include "tasks/ranking.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TaskSpec spec_of(const std::string& kind, std::int64_t outputs) {
  TaskSpec spec;
  spec.name = "toy";
  spec.kind = kind;
  spec.outputs = outputs;
  return spec;
}

Tensor floats(const std::vector<double>& values) { return at::tensor(values).to(at::kFloat); }
Tensor whole(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }
Batch with(Tensors y) { return {{}, std::move(y), {}}; }
double number(const Tensor& x) { return x.item<double>(); }

/// Suites are held against the names that core knows of a kind before anything is trained.
void expect_planned_names(const TaskKind& kind, const Metrics& metrics) {
  const TaskSpec& spec = kind.spec();
  const auto planned = core::metrics_of(spec.kind, spec.outputs, spec.categorical);
  for (const auto& [name, value] : metrics)
    EXPECT_THAT(planned, ::testing::Contains(name)) << spec.kind;
  EXPECT_THAT(planned, ::testing::Contains(kind.primary()));
}

// multi_label

TEST(MultiLabel, LossIsTheMeanOverTheLabels) {
  const auto kind = make_task_kind(spec_of("multi_label", 2));
  const auto loss =
      kind->loss(at::zeros({1, 2}, at::kBFloat16), with({{"labels", floats({1, 0}).view({1, 2})}}));
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  EXPECT_EQ(loss.sizes(), (std::vector<std::int64_t>{1}));
  EXPECT_NEAR(number(loss[0]), std::log(2.0), 1e-6);
  EXPECT_FALSE(kind->logits(at::zeros({1, 2})).defined());
}

TEST(MultiLabel, MetricsOverBatches) {
  const auto kind = make_task_kind(spec_of("multi_label", 2));
  const auto meter = kind->meter({});
  // Label 0 ranks hit, miss, hit: AP (1 + 2/3) / 2. Label 1 never occurs and is left out.
  meter->add(floats({3, -1, 2, -1}).view({2, 2}),
             with({{"labels", floats({1, 0, 0, 0}).view({2, 2})}}));
  meter->add(floats({1, -1}).view({1, 2}), with({{"labels", floats({1, 0}).view({1, 2})}}));
  const auto metrics = meter->metrics();
  expect_planned_names(*kind, metrics);
  EXPECT_DOUBLE_EQ(metrics.at("map"), (1 + 2.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(metrics.at("micro_f1"), 2 * 2 / 5.0);
  EXPECT_DOUBLE_EQ(metrics.at("macro_f1"), 0.4) << "F1 of an empty label is 0";
  EXPECT_DOUBLE_EQ(metrics.at("subset_accuracy"), 2.0 / 3);
  EXPECT_THAT(meter->correct(), ElementsAre(true, false, true));
  EXPECT_EQ(kind->primary(), "map");
}

TEST(MultiLabel, NanRanksLast) {
  const auto kind = make_task_kind(spec_of("multi_label", 1));
  const auto meter = kind->meter({});
  meter->add(floats({kNan, -5}).view({2, 1}), with({{"labels", floats({1, 0}).view({2, 1})}}));
  EXPECT_DOUBLE_EQ(meter->metrics().at("map"), 0.5);
}

TEST(MultiLabel, Floors) {
  const auto kind = make_task_kind(spec_of("multi_label", 3));
  // Of three examples label 0 has one, label 1 two, label 2 none.
  const auto floor =
      kind->floor({{"labels", floats({1, 1, 0, 0, 1, 0, 0, 0, 0}).view({3, 3})}}, {});
  const double one = (1 + 1.0 / 2 + 1.0 / 3) / 3;
  const double two = (1 + (1 + 2.0 / 3) / 2 + (1.0 / 2 + 2.0 / 3) / 2) / 3;  // each of three orders
  EXPECT_NEAR(floor.at("chance"), (one + two) / 2, 1e-12);
  EXPECT_DOUBLE_EQ(floor.at("majority"), (1.0 / 3 + 2.0 / 3) / 2);
  EXPECT_THROW(kind->floor({{"labels", at::zeros({3, 3})}}, {}), Error);
}

// regression

TEST(Regression, SquaredErrorAndItsMetrics) {
  const auto kind = make_task_kind(spec_of("regression", 1));
  const auto meter = kind->meter({});
  meter->add(floats({1, 2}).view({2, 1}), with({{"value", floats({1, 4})}}));
  meter->add(floats({6}).view({1, 1}), with({{"value", floats({7})}}));
  const auto metrics = meter->metrics();
  expect_planned_names(*kind, metrics);
  EXPECT_DOUBLE_EQ(metrics.at("loss"), 5.0 / 3);
  EXPECT_DOUBLE_EQ(metrics.at("rmse"), std::sqrt(5.0 / 3));
  EXPECT_DOUBLE_EQ(metrics.at("mae"), 1);
  EXPECT_DOUBLE_EQ(metrics.at("r2"), 1 - 5.0 / 18);
  EXPECT_DOUBLE_EQ(metrics.at("spearman"), 1);
  EXPECT_THAT(meter->correct(), IsEmpty());
  EXPECT_EQ(kind->primary(), "r2");
  EXPECT_EQ(kind->floor({}, {}).at("chance"), 0);
}

TEST(Regression, AConstantHasNoCorrelation) {
  const auto kind = make_task_kind(spec_of("regression", 1));
  const auto meter = kind->meter({});
  meter->add(floats({2, 2}).view({2, 1}), with({{"value", floats({1, 3})}}));
  EXPECT_TRUE(std::isnan(meter->metrics().at("pearson")));
  EXPECT_DOUBLE_EQ(meter->metrics().at("r2"), 0);
}

TEST(Regression, NanIsNotOrdered) {
  const auto kind = make_task_kind(spec_of("regression", 1));
  const auto meter = kind->meter({});
  meter->add(floats({kNan, 2}).view({2, 1}), with({{"value", floats({1, 3})}}));
  EXPECT_TRUE(std::isnan(meter->metrics().at("spearman")));
}

// span

/// Two questions over one passage of code points; the second may have no answer.
struct Spans : ::testing::Test {
  Spans() : kind(make_task_kind(spec_of("span", 2))) {
    texts["passage"] = {{"na\xC3\xAFve red cats"}, {"na\xC3\xAFve red cats"}};
    texts["answers"] = {{"red cats", "cats"}, {"the na\xC3\xAFve"}};
  }

  /// One window: a frame, three words and padding; `first` is its first word.
  static Batch window(std::int64_t entry) {
    return with({{"start", whole({1})},
                 {"end", whole({2})},
                 {"entry", whole({entry})},
                 {"offsets", whole({-1, -1, 0, 5, 6, 9, 10, 14, -1, -1}).view({1, 5, 2})}});
  }
  static Tensor logits(const std::vector<double>& start, const std::vector<double>& end) {
    return at::stack({floats(start), floats(end)}).unsqueeze(0);
  }

  std::unique_ptr<TaskKind> kind;
  Texts texts;
};

TEST_F(Spans, LossIsTheMeanOfBothEnds) {
  const auto loss = kind->loss(logits({0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}), window(0));
  EXPECT_NEAR(number(loss[0]), std::log(5.0), 1e-6);
  EXPECT_FALSE(kind->logits(logits({0}, {0})).defined());
}

TEST_F(Spans, TheBestSpanIsCutFromThePassage) {
  const auto meter = kind->meter(texts);
  meter->add(logits({0, 1, 5, 0, 9}, {0, 0, 1, 4, 9}), window(0));  // padding is no answer
  meter->add(logits({9, 1, 0, 0, 0}, {9, 1, 0, 0, 0}), window(1));  // and nor is the frame
  const auto metrics = meter->metrics();
  expect_planned_names(*kind, metrics);
  EXPECT_DOUBLE_EQ(metrics.at("exact_match"), 1);
  EXPECT_DOUBLE_EQ(metrics.at("f1"), 1);
  EXPECT_FALSE(metrics.contains("no_answer_f1"));
  EXPECT_THAT(meter->correct(), ElementsAre(true, true));
  EXPECT_EQ(kind->primary(), "f1");
}

TEST_F(Spans, AnEndBeforeTheStartIsNoSpan) {
  const auto meter = kind->meter(texts);
  meter->add(logits({0, 0, 0, 8, 0}, {0, 8, 0, 1, 0}), window(0));
  EXPECT_EQ(meter->metrics().at("exact_match"), 1);
}

TEST_F(Spans, TheBestWindowOfAQuestionCounts) {
  const auto meter = kind->meter(texts);
  meter->add(logits({0, 6, 0, 0, 0}, {0, 6, 0, 0, 0}), window(0));
  meter->add(logits({0, 0, 0, 7, 0}, {0, 0, 0, 7, 0}), window(0));
  meter->add(logits({0, 0, 5, 0, 0}, {0, 0, 5, 0, 0}), window(0));
  EXPECT_THAT(meter->correct(), ElementsAre(true));
  EXPECT_EQ(meter->metrics().at("f1"), 1);
}

TEST_F(Spans, QuestionsAreJudgedInTheOrderOfTheirComing) {
  const auto meter = kind->meter(texts);
  meter->add(logits({0, 0, 0, 9, 0}, {0, 0, 0, 9, 0}), window(1));
  meter->add(logits({0, 0, 0, 9, 0}, {0, 0, 0, 9, 0}), window(0));
  EXPECT_THAT(meter->correct(), ElementsAre(false, true));
}

TEST_F(Spans, AnAnswerHasAtMostThirtyTokens) {
  const std::int64_t length = 40;
  std::string passage;
  std::vector<std::int64_t> offsets;
  for (std::int64_t i = 0; i < length; ++i) {
    passage += "x ";
    offsets.insert(offsets.end(), {2 * i, 2 * i + 1});
  }
  texts["passage"][0] = {passage};
  texts["answers"][0] = {passage.substr(0, 59)};  // thirty of them
  auto start = at::zeros({length}), end = at::zeros({length});
  start[0] = 9;
  end[29] = 5;
  end[30] = 6;
  auto batch = window(0);
  batch.y["offsets"] = whole(offsets).view({1, length, 2});
  const auto meter = kind->meter(texts);
  meter->add(at::stack({start, end}).unsqueeze(0), batch);
  EXPECT_THAT(meter->correct(), ElementsAre(true));
}

TEST_F(Spans, NoAnswerMustBeatTheBestSpanInEveryWindow) {
  texts["answers"][1] = {};
  const auto right = logits({0, 0, 0, 4, 0}, {0, 0, 0, 4, 0});  // cats, 8
  const auto doubtful = logits({5, 0, 0, 4, 0}, {4, 0, 0, 4, 0});
  const auto meter = kind->meter(texts);
  meter->add(doubtful, window(0));
  meter->add(right, window(0));
  meter->add(doubtful, window(1));
  const auto metrics = meter->metrics();
  expect_planned_names(*kind, metrics);
  EXPECT_DOUBLE_EQ(metrics.at("has_answer_exact_match"), 1);
  EXPECT_DOUBLE_EQ(metrics.at("no_answer_f1"), 1);
  EXPECT_DOUBLE_EQ(metrics.at("f1"), 1);
}

TEST_F(Spans, NanIsNoAnswer) {
  const auto meter = kind->meter(texts);
  meter->add(at::full({1, 2, 5}, kNan, at::kFloat), window(0));
  EXPECT_EQ(meter->metrics().at("f1"), 0);
}

TEST_F(Spans, Floors) {
  // naïve, red or cats: 0, 2/3 and 1 for the first question, 1, 0, 0 for the second.
  auto floor = kind->floor({{"entry", whole({0, 0, 1})}}, texts);
  EXPECT_DOUBLE_EQ(floor.at("chance"), ((2.0 / 3 + 1) / 3 + 1.0 / 3) / 2);
  EXPECT_FALSE(floor.contains("majority"));

  texts["passage"][1] = {"na\xC3\xAFve red dogs"};
  texts["answers"][1] = {};
  floor = kind->floor({{"entry", whole({0, 1})}}, texts);
  EXPECT_DOUBLE_EQ(floor.at("rarest_word"), 0.5) << "cats in one passage only, dogs in the other";
  EXPECT_DOUBLE_EQ(floor.at("majority"), 0.5);
}

TEST_F(Spans, TextsAreNeeded) {
  const Texts none;
  EXPECT_THAT([&] { kind->meter(none); }, ThrowsMessage<Error>(HasSubstr("no texts `passage`")));
}

// vqa

TaskSpec answers_of(bool categorical) {
  auto spec = spec_of("vqa", 3);
  spec.classes = {"red", "2", "yes"};
  spec.categorical = categorical;
  return spec;
}

TEST(Vqa, OneAnswerIsPlainAccuracy) {
  const auto kind = make_task_kind(answers_of(true));
  const Texts texts = {{"answers", {{"red"}, {"2"}}}};
  const auto meter = kind->meter(texts);
  const auto batch = with({{"label", whole({0, 1})}, {"entry", whole({0, 1})}});
  meter->add(floats({5, 0, 0, 3, 3, 0}).view({2, 3}), batch);  // a tie is wrong
  const auto metrics = meter->metrics();
  expect_planned_names(*kind, metrics);
  EXPECT_DOUBLE_EQ(metrics.at("accuracy"), 0.5);
  EXPECT_FALSE(metrics.contains("vqa"));
  EXPECT_THAT(meter->correct(), ElementsAre(true, false));
  EXPECT_EQ(kind->primary(), "accuracy");
  EXPECT_TRUE(kind->labels(batch).equal(whole({0, 1})));
  EXPECT_TRUE(kind->logits(at::zeros({2, 3})).defined());
  EXPECT_NEAR(number(kind->loss(at::zeros({2, 3}), batch)[0]), std::log(3.0), 1e-6);
  const auto floor = kind->floor({{"label", whole({0, 2, 2})}}, texts);
  EXPECT_DOUBLE_EQ(floor.at("chance"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(floor.at("majority"), 2.0 / 3);
}

/// Three questions that ten people answered, with what each class is worth.
struct PeoplesAnswers : ::testing::Test {
  PeoplesAnswers() : kind(make_task_kind(answers_of(false))) {
    auto& answers = texts["answers"];
    answers.assign(3, std::vector<std::string>(10, "yes"));
    answers[0][0] = "Two";                             // cleaned: 2 once, yes nine times
    answers[1] = std::vector<std::string>(10, "RED");  // all the same: case counts
    answers[2].assign(10, "blue");
    answers[2][0] = answers[2][1] = answers[2][2] = "the red!";
    texts["answer_type"] = {{"yes/no"}, {"other"}, {"other"}};
  }
  static Batch batch(const std::vector<std::int64_t>& entries) {
    return with({{"entry", whole(entries)},
                 {"scores", at::zeros({static_cast<std::int64_t>(entries.size()), 3})}});
  }
  std::unique_ptr<TaskKind> kind;
  Texts texts;
};

TEST_F(PeoplesAnswers, AreJudgedByTheOfficialRule) {
  const auto meter = kind->meter(texts);
  meter->add(floats({0, 1, 0, 1, 0, 0}).view({2, 3}), batch({0, 1}));
  meter->add(floats({1, 0, 0}).view({1, 3}), batch({2}));
  const auto metrics = meter->metrics();
  expect_planned_names(*kind, metrics);
  EXPECT_DOUBLE_EQ(metrics.at("vqa_yes_no"), 0.3);
  EXPECT_DOUBLE_EQ(metrics.at("vqa_other"), 0.45);
  EXPECT_DOUBLE_EQ(metrics.at("vqa"), 0.4);
  EXPECT_THAT(meter->correct(), ElementsAre(false, false, true));
  EXPECT_EQ(kind->primary(), "vqa");
  EXPECT_FALSE(kind->logits(at::zeros({1, 3})).defined());
}

TEST_F(PeoplesAnswers, ATieAnswersNothing) {
  const auto meter = kind->meter(texts);
  meter->add(at::zeros({1, 3}), batch({0}));
  meter->add(at::full({1, 3}, kNan, at::kFloat), batch({0}));
  EXPECT_EQ(meter->metrics().at("vqa"), 0);
}

TEST_F(PeoplesAnswers, LossIsSummedOverTheAnswers) {
  const auto loss = kind->loss(at::zeros({1, 3}), batch({0}));
  EXPECT_NEAR(number(loss[0]), 3 * std::log(2.0), 1e-6);
}

TEST_F(PeoplesAnswers, FloorsAreOfTheOfficialRule) {
  const auto floor = kind->floor({{"entry", whole({0, 1, 2})}}, texts);
  // red: 0, 0, 0.9; 2: 0.3, 0, 0; yes: 1, 0, 0.
  EXPECT_DOUBLE_EQ(floor.at("chance"), (0.9 + 0.3 + 1) / 9);
  EXPECT_DOUBLE_EQ(floor.at("majority"), 1.0 / 3);
}

TEST_F(PeoplesAnswers, OtherCountsAreRefused) {
  texts["answers"][1].pop_back();
  const auto meter = kind->meter(texts);
  meter->add(at::zeros({1, 3}), batch({1}));
  EXPECT_THAT([&] { meter->metrics(); },
              ThrowsMessage<Error>(HasSubstr("question 1 of toy has 9 answers")));
}

// retrieval

/// Pictures and texts as rows of [B, 2, d].
Tensor pairs(const std::vector<double>& pictures, const std::vector<double>& texts,
             std::int64_t width) {
  return at::stack({floats(pictures).view({-1, width}), floats(texts).view({-1, width})}, 1);
}

TEST(Retrieval, LossSeesTheBatchButNotTextsOfOnePicture) {
  const auto kind = make_task_kind(spec_of("retrieval", 2));
  const auto prediction = pairs({3, 0, 0, 2}, {1, 0, 0, 5}, 2);
  const auto apart = kind->loss(prediction, with({{"entry", whole({4, 7})}}));
  EXPECT_NEAR(number(apart[0]), std::log1p(std::exp(-1 / 0.07)), 1e-6);
  const auto same = kind->loss(prediction, with({{"entry", whole({4, 4})}}));
  EXPECT_NEAR(number(same[0]), 0, 1e-6);
  const auto collapsed = kind->loss(at::ones({3, 2, 2}), with({{"entry", whole({0, 1, 2})}}));
  EXPECT_NEAR(number(collapsed[1]), std::log(3.0), 1e-6);
}

TEST(Retrieval, RanksAreOverTheWholeSplit) {
  const auto kind = make_task_kind(spec_of("retrieval", 2));
  const auto meter = kind->meter({});
  // Picture 7 along x with two texts, picture 3 along y with one, which lies nearer to x.
  meter->add(pairs({1, 0, 1, 0}, {1, 0, 0, 1}, 2), with({{"entry", whole({7, 7})}}));
  meter->add(pairs({0, 1}, {2, 1}, 2), with({{"entry", whole({3})}}));
  const auto metrics = meter->metrics();
  expect_planned_names(*kind, metrics);
  EXPECT_DOUBLE_EQ(metrics.at("i2t_recall_at_1"), 0.5) << "its nearest text belongs to the other";
  EXPECT_DOUBLE_EQ(metrics.at("t2i_recall_at_1"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(metrics.at("i2t_median_rank"), 1.5);
  EXPECT_DOUBLE_EQ(metrics.at("t2i_median_rank"), 2);
  EXPECT_DOUBLE_EQ(metrics.at("rsum"), 0.5 + 1.0 / 3 + 4);
  EXPECT_THAT(meter->correct(), ElementsAre(true, false, false));
  EXPECT_EQ(kind->primary(), "rsum");
}

TEST(Retrieval, TiesAndCollapseCountAgainstTheResult) {
  const auto all = at::full({6, 5}, 0.3);
  const auto ranks = retrieval_ranks(all, all, at::arange(6));
  EXPECT_TRUE(ranks.image_to_text.eq(6).all().item<bool>());
  EXPECT_TRUE(ranks.text_to_image.eq(6).all().item<bool>());
  const auto none = retrieval_ranks(at::full({3, 2}, kNan), at::ones({3, 2}), at::arange(3));
  EXPECT_TRUE(none.image_to_text.eq(3).all().item<bool>());
  EXPECT_TRUE(none.text_to_image.eq(3).all().item<bool>());
}

TEST(Retrieval, FoldsSearchAmongTheirOwn) {
  // Four pictures and their texts: 0 and 2 look alike, and so do 1 and 3.
  const auto rows = floats({1, 0, 0, 1, 1, 0, 0, 1}).view({4, 2});
  const auto owner = at::arange(4);
  EXPECT_DOUBLE_EQ(folded_retrieval_metrics(rows, rows, owner, 2).at("i2t_recall_at_1"), 1);
  EXPECT_DOUBLE_EQ(folded_retrieval_metrics(rows, rows, owner, 1).at("i2t_recall_at_1"), 0);
}

TEST(Retrieval, ChanceIsARandomOrder) {
  // Three pictures, the first with two of four texts.
  const auto kind = make_task_kind(spec_of("retrieval", 2));
  const auto floor = kind->floor({{"entry", whole({5, 5, 6, 8})}}, {});
  const double one = (2.0 / 4 + 1.0 / 4 + 1.0 / 4) / 3 + 1.0 / 3;
  EXPECT_DOUBLE_EQ(floor.at("chance"), one + 2 + 2);
}

TEST(Kinds, AnEvaluationNeedsExamples) {
  const Texts texts = {{"passage", {{""}}}, {"answers", {{""}}}};
  for (const char* kind : {"multi_label", "regression", "span", "vqa", "retrieval"}) {
    const auto task = make_task_kind(spec_of(kind, 2));
    const auto meter = task->meter(texts);
    EXPECT_THROW(meter->metrics(), Error) << kind;
    EXPECT_THAT(meter->correct(), IsEmpty()) << kind;
  }
}

}  // namespace
}  // namespace ktb::tasks
