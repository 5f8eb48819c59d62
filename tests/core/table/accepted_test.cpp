#include <gmock/gmock.h>

#include "core/table/build_table.hpp"
#include "core/table/difference.hpp"
#include "core/table/render/csv.hpp"
#include "core/table/render/latex.hpp"
#include "core/table/report.hpp"
#include "core/table/report_fixture.hpp"

namespace ktb::core {
namespace {

using testing::Bench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kHow = "made by another build of the harness (1111, now 2222)";
constexpr const char* kNote = "accepted: made by another build of the harness (1111, now 2222)";
constexpr const char* kSourceNote =
    "accepted: its source was made by another build of the harness (1111, now 2222)";

class AcceptedTest : public ::testing::Test {
 protected:
  AcceptedTest() {
    for (const char* method : {"scratch", "kd", "rkd"})
      bench_.cell({{"method", method}, {"pair", "a -> b"}}, {.70, .72, .74});
    spec_.rows = {"method"};
    spec_.cols = {"pair"};
    spec_.baseline = "scratch";
  }

  void accept(const std::string& id) {
    for (auto& trial : bench_.plan.trials)
      if (trial.id == id) trial.accepted = kHow;
  }
  Sample& sample(std::size_t cell, std::size_t seed) {
    return bench_.plan.cells[cell].samples[seed];
  }
  Table table() const { return build_table(bench_.plan, spec_, bench_.outcomes); }
  std::vector<std::string> notes(std::size_t row) const {
    return table().rows[row].entries[0].notes;
  }

  Bench bench_;
  TableSpec spec_;
};

TEST_F(AcceptedTest, ATableOfOwnRecordsSaysNothing) {
  EXPECT_THAT(table().footnotes, IsEmpty());
  EXPECT_THAT(difference_table(table()).legend, IsEmpty());
}

TEST_F(AcceptedTest, EveryFormatHasTheFootnoteAtItsEntry) {
  accept(sample(1, 2).trial);
  EXPECT_THAT(notes(0), IsEmpty());
  EXPECT_THAT(notes(1), ElementsAre(kNote)) << "one of three seeds is enough";
  EXPECT_THAT(table().footnotes, ElementsAre(kNote));
  for (const Format format :
       {Format::kText, Format::kAscii, Format::kMarkdown, Format::kLatex, Format::kCsv})
    EXPECT_THAT(render({table()}, format), HasSubstr("another build of the harness"));
}

TEST_F(AcceptedTest, TheDifferencesSayIt) {
  accept(sample(0, 0).trial);  // the baseline's: it is in every difference
  EXPECT_THAT(difference_table(table()).legend, ElementsAre(kNote));
  spec_.view = "difference";
  EXPECT_THAT(table().footnotes, ElementsAre(kNote));
}

TEST_F(AcceptedTest, ASourceOfAnotherBuildIsToldApart) {
  const std::string source = bench_.trial({{"method", "scratch"}, {"target", "a"}}, 0);
  accept(source);
  sample(2, 0).sources = {source};
  EXPECT_THAT(notes(2), ElementsAre(kSourceNote));
  accept(sample(2, 0).trial);
  EXPECT_THAT(notes(2), ElementsAre(kNote)) << "said once";
}

TEST_F(AcceptedTest, TheSourceRowHasItToo) {
  const std::string source = bench_.trial({{"method", "scratch"}, {"target", "a"}}, 0);
  bench_.outcomes.records[source].status = Status::kOk;
  bench_.outcomes.records[source].metrics["top1"] = .8;
  accept(source);
  for (auto& trial : bench_.plan.trials)
    if (trial.id == sample(1, 0).trial) trial.needs = {source};
  spec_.extra = {"source"};
  ASSERT_THAT(table().rows[0].labels, ElementsAre("source"));
  EXPECT_THAT(notes(0), ElementsAre(kNote));
}

}  // namespace
}  // namespace ktb::core
