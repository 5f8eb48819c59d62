// The comparison rule of `ktbench plugin check`; reference_cases_test.cpp runs the cases.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>
#include <filesystem>
#include <sstream>

#include "run/check/check.hpp"
#include "run/check/formula.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

StoredCase stored(std::vector<std::pair<std::string, Tensor>> tensors,
                  std::map<std::string, std::string> metadata = {}) {
  StoredCase made;
  made.method = "kd";
  made.file = {std::move(tensors), std::move(metadata)};
  made.tensors.insert(made.file.tensors.begin(), made.file.tensors.end());
  return made;
}

std::string fault(const StoredCase& expected, const Tensors& answers) {
  return judge(expected, answers).fault;
}

TEST(Judge, AllowsATenThousandthOfTheLargestEntry) {
  const auto expected = stored({{"out.y", torch::tensor({0.0, 100.0}, at::kDouble)}});
  EXPECT_THAT(fault(expected, {{"out.y", torch::tensor({0.009F, 100.0F})}}), IsEmpty());
  EXPECT_EQ(fault(expected, {{"out.y", torch::tensor({0.0, 100.02}, at::kDouble)}}),
            "out.y: expected 100, got 100.02 at [1]; they differ by 0.02, allowed are 0.01");
}

TEST(Judge, TakesTolerancesFromTheCase) {
  const auto expected =
      stored({{"out.a", torch::tensor({1.0})}, {"out.b", torch::tensor({1.0})}},
             {{"rtol", "0"}, {"atol", "0.25"}, {"tolerance_overrides", R"({"out.b": [0.5, 0]})"}});
  const auto answer = [](double a, double b) {
    return Tensors{{"out.a", torch::tensor({a})}, {"out.b", torch::tensor({b})}};
  };
  EXPECT_THAT(fault(expected, answer(1.125, 1.375)), IsEmpty());
  EXPECT_THAT(fault(expected, answer(1.375, 1.375)), HasSubstr("out.a: "));
  EXPECT_THAT(fault(expected, answer(1.125, 1.625)), HasSubstr("out.b: "));
}

TEST(Judge, NamesTheWorstTensor) {
  const auto expected = stored({{"out.a", torch::ones(2)}, {"out.b", torch::ones(2)}});
  const Tensors answers = {{"out.a", torch::full({2}, 1.1)}, {"out.b", torch::full({2}, 1.2)}};
  EXPECT_THAT(fault(expected, answers), HasSubstr("out.b: "));
}

TEST(Judge, MeetsNanAndInfinityByTheSameValue) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const auto expected = stored({{"out.y", torch::tensor({1.0, kNan, kInf})}});
  EXPECT_THAT(fault(expected, {{"out.y", torch::tensor({1.0, kNan, kInf})}}), IsEmpty());
  EXPECT_THAT(fault(expected, {{"out.y", torch::tensor({1.0, 0.0, kInf})}}), HasSubstr("[1]"));
  EXPECT_THAT(fault(expected, {{"out.y", torch::tensor({1.0, kNan, -kInf})}}), HasSubstr("[2]"));
  EXPECT_THAT(fault(expected, {{"out.y", torch::tensor({kNan, kNan, kInf})}}), HasSubstr("[0]"));
}

TEST(Judge, WantsWholeNumbersEqual) {
  const auto expected = stored({{"out.count", torch::tensor({1'000'000})}});
  EXPECT_THAT(fault(expected, {{"out.count", torch::tensor({1'000'000})}}), IsEmpty());
  EXPECT_THAT(fault(expected, {{"out.count", torch::tensor({1'000'001})}}), HasSubstr("out.count"));
}

TEST(Judge, WantsEveryReferenceAnswered) {
  const auto expected = stored({{"in.x", torch::ones(1)}, {"grad.x", torch::ones(2)}});
  EXPECT_EQ(fault(expected, {}), "grad.x: nothing was computed");
  EXPECT_EQ(fault(expected, {{"grad.x", Tensor()}}), "grad.x: nothing was computed");
  EXPECT_EQ(fault(expected, {{"grad.x", torch::ones({2, 1})}}),
            "grad.x: expected shape [2], got [2, 1]");
  EXPECT_EQ(fault(stored({{"in.x", torch::ones(1)}}), {}),
            "the case holds no reference to compare with");
}

TEST(Judge, LeavesOutUnweightedTermsWhereTheWeightedIsGiven) {
  const auto expected =
      stored({{"out.term.kd", torch::ones(1)}, {"out.term.kd_weighted", torch::ones(1)}});
  const auto verdict = judge(expected, {{"out.term.kd_weighted", torch::ones(1)}});
  EXPECT_THAT(verdict.fault, IsEmpty());
  EXPECT_EQ(verdict.compared, 1);
}

TEST(Judge, SummarisesWhatIsTooLargeToStore) {
  const auto x = torch::tensor({{3.0, 4.0}, {0.0, 12.0}});
  const auto expected = stored({{"grad.w.norm", torch::tensor(13.0)},
                                {"grad.w.first3", torch::tensor({3.0, 4.0, 0.0})},
                                {"grad.w.last1", torch::tensor({12.0})},
                                {"grad.w.mean", torch::tensor(4.75)}});
  EXPECT_THAT(fault(expected, {{"grad.w", x}}), IsEmpty());
  EXPECT_THAT(fault(expected, {{"grad.w", x.t()}}), HasSubstr("grad.w.first3"));
}

TEST(Judge, LooksAtEachGradientNorm) {
  const auto expected =
      stored({{"out.grad_norms", torch::tensor({1e-9, 0.01, 1000.0}, at::kDouble)}},
             {{"grad_norms_each_rtol", "0.0001"}, {"grad_norms_zero_below", "1e-6"}});
  const auto answer = [](double zero, double small) {
    return Tensors{{"out.grad_norms", torch::tensor({zero, small, 1000.0}, at::kDouble)}};
  };
  EXPECT_THAT(fault(expected, answer(1e-7, 0.01)), IsEmpty());
  EXPECT_THAT(fault(expected, answer(1e-9, 0.02)), HasSubstr("entry 1"));
}

TEST(Formula, GivesKnownValues) {
  const auto x = formula_tensor(1, {2, 4});
  EXPECT_EQ(x.sizes().vec(), (std::vector<std::int64_t>{2, 4}));
  EXPECT_TRUE(x.ge(-1).logical_and(x.lt(1)).all().item<bool>());
  EXPECT_TRUE(formula_tensor(1, {4}).equal(x.flatten().slice(0, 0, 4)));
  EXPECT_FALSE(formula_tensor(2, {2, 4}).equal(x));
  EXPECT_NEAR(formula_unit(3, {100}).norm().item<double>(), 1, 1e-6);
  EXPECT_TRUE(formula_tensor(1, {8}, 0.5, 1).allclose(1 + 0.5 * x.flatten()));
  EXPECT_NEAR(formula_dot(x, 1).item<double>(), x.square().sum().item<double>(), 1e-6);
}

struct CheckTest : testing::Test {
  CheckTest() : registry({KTB_PLUGIN_DIR}) {
    std::filesystem::create_directories(folder / "below");
  }

  void put(const std::string& name, const std::string& method, double lr) const {
    TensorFile file;
    file.metadata = {{"method", method},
                     {"options",
                      R"({"scheduler": "StepLR", "base_lr": 1, "steps": 1, "step_size": 1,
                          "gamma": 0.5})"}};
    file.tensors = {{"out.lr", torch::tensor({1.0, lr}, at::kDouble)}};
    write_safetensors((folder / name).string(), file);
  }
  std::pair<int, std::string> check_all() {
    std::ostringstream out;
    const int code = check(registry, {folder.string()}, out);
    return {code, out.str()};
  }

  const TemporaryFolder own;
  const std::filesystem::path folder = own.path();
  Registry registry;
};

TEST_F(CheckTest, CountsWhatPassedFailedAndWasSkipped) {
  put("a.safetensors", "schedule", 0.5);
  put("below/b.safetensors", "no_such_method", 0.5);
  auto [code, text] = check_all();
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("a.safetensors (1 tensors)\n"));
  EXPECT_THAT(text, HasSubstr("b.safetensors: no plugin answers \"no_such_method\"\n"));
  EXPECT_THAT(text, testing::EndsWith("1 passed, 0 failed, 1 skipped\n"));

  put("below/c.safetensors", "schedule", 0.6);
  std::tie(code, text) = check_all();
  EXPECT_EQ(code, 1);
  EXPECT_THAT(text, HasSubstr("c.safetensors: out.lr: expected 0.6, got 0.5 at [1]"));
  EXPECT_THAT(text, testing::EndsWith("1 passed, 1 failed, 1 skipped\n"));
}

TEST_F(CheckTest, SaysWhereThereIsNoCase) {
  EXPECT_THAT([&] { check_all(); },
              testing::ThrowsMessage<Error>(HasSubstr("no .safetensors file")));
  std::ostringstream out;
  EXPECT_THAT([&] { check(registry, {"nowhere"}, out); },
              testing::ThrowsMessage<Error>(HasSubstr("nowhere: there is no such file or folder")));
}

}  // namespace
}  // namespace ktb::run
