#include "core/plan/plan_text.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.hpp"
#include "core/base/output/escape.hpp"
#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/suite/read_suite.hpp"

namespace ktb::core {
namespace {

void expect_text_of_json(const Plan& plan) {
  EXPECT_EQ(plan_text(plan), json_text(to_json(plan)));
  EXPECT_EQ(plan_text(plan, 1), json_text(to_json(plan), 1));
  EXPECT_EQ(plan_text(plan, 3), json_text(to_json(plan), 3));
}

TEST(PlanText, IsThatOfItsJson) {
  FakeCatalogue catalogue = full_catalogue();
  const auto suites = std::filesystem::path(KTB_SOURCE_DIR) / "tests/golden/suites";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(suites)) {
    if (entry.path().extension() != ".toml") continue;
    try {
      expect_text_of_json(make_plan(read_suite(entry.path()), catalogue, {}));
      ++count;
    } catch (const Error&) {
      continue;  // of plugins that the fake catalogue has not
    }
  }
  EXPECT_GT(count, 0U);
}

TEST(PlanText, OfAnyCharacters) {
  Plan plan;
  expect_text_of_json(plan);
  plan.suite = "\"quoted\" \\ \n\t\x01\x7F \xC3\xA9 \xC2\x85 no UTF-8: \xFF";
  plan.labels[plan.suite] = plan.suite;
  plan.order["method"] = {};
  plan.trials.resize(2);
  plan.cells = {{{{"method", plan.suite}}, {{~std::uint64_t{0}, "b", {"a"}, {}}, {}}, "", {}, {}}};
  plan.tables.resize(1);
  plan.tables[0].claims.resize(1);
  plan.tables[0].where["grid"] = {"a", "b"};
  expect_text_of_json(plan);
}

}  // namespace
}  // namespace ktb::core
