#include "launch/clean.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>

#include "core/store/made_results.hpp"
#include "launch/lock.hpp"
#include "launch/share/work_list.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using core::MadeResults;
using core::Plan;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class CleanTest : public testing::Test {
 protected:
  static std::set<std::string> ids(const Plan& plan) {
    std::set<std::string> found;
    for (const auto& trial : plan.trials) found.insert(trial.id);
    return found;
  }
  std::set<std::string> needless(const std::set<std::string>& needed) const {
    std::set<std::string> found;
    for (const auto& one : take_stock(store_, needed).needless)
      found.insert(one.path.filename().string());
    return found;
  }
  std::size_t discard_all(const std::set<std::string>& needed) const {
    std::size_t count = 0;
    for (const auto& one : take_stock(store_, needed).needless) count += discard(store_, one);
    return count;
  }

  MadeResults made_;
  const core::Store store_ = made_.store("results");
};

TEST_F(CleanTest, WhatIsNotNeededIsToldWithItsSizeAndGoesOnRequest) {
  const Plan old = made_.plan("1111"), now = made_.plan("2222");
  MadeResults::make(store_, old);
  MadeResults::make(store_, now);
  const auto stock = take_stock(store_, ids(now));
  EXPECT_EQ(stock.needed, now.trials.size());
  ASSERT_THAT(stock.needless, SizeIs(old.trials.size()));
  EXPECT_EQ(stock.needless[0].what, "ok, of 2026-01-01");
  EXPECT_GT(stock.needless[0].bytes, fs::file_size(stock.needless[0].path / "trial.json"));
  EXPECT_THAT(store_.trials(), SizeIs(old.trials.size() + now.trials.size())) << "it only looked";
  EXPECT_EQ(discard_all(ids(now)), old.trials.size());
  EXPECT_THAT(store_.trials(), testing::UnorderedElementsAreArray(ids(now)));
  EXPECT_THAT(needless(ids(now)), IsEmpty());
}

TEST_F(CleanTest, ATrialAtWorkKeepsItselfItsSourcesAndItsPlan) {
  const Plan plan = made_.plan();
  MadeResults::make(store_, plan);
  const auto& kd = MadeResults::of(plan, "kd-");
  {
    const auto lock = TrialLock::take(store_.folder(kd.id));
    const auto stock = take_stock(store_, {});
    EXPECT_THAT(stock.held, testing::UnorderedElementsAre(kd.id, kd.needs.at(0)));
    EXPECT_THAT(needless({}), SizeIs(plan.trials.size() - 2));
    store_.save_plan(plan);
    EXPECT_THAT(needless({}), IsEmpty()) << "what has finished may be a source of what waits";
  }
  EXPECT_THAT(needless({}), SizeIs(plan.trials.size()));
}

TEST_F(CleanTest, AWorkerThatSomebodyElseStartedIsSeenByItsProgress) {
  const Plan plan = made_.plan();
  MadeResults::make(store_, plan);
  const auto folder = store_.folder(MadeResults::of(plan, "scratch-").id);
  fs::remove(folder.record());
  MadeResults::write(folder.progress(), "{\"step\": 1, \"steps\": 2, \"loss\": 1}");
  EXPECT_THAT(needless({}), Not(Contains(folder.path().filename().string())));
  fs::last_write_time(folder.progress(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_THAT(needless({}), Contains(folder.path().filename().string()));
}

TEST_F(CleanTest, ATrialThatStartsMeanwhileStays) {
  const Plan plan = made_.plan();
  MadeResults::make(store_, plan);
  const auto stock = take_stock(store_, {});
  const auto folder = store_.folder(stock.needless[0].path.filename().string());
  const auto lock = TrialLock::take(folder);
  EXPECT_FALSE(discard(store_, stock.needless[0]));
  EXPECT_TRUE(fs::exists(folder.record()));
}

TEST_F(CleanTest, WhatIsNoTrialIsLeftAlone) {
  const fs::path trials = core::TrialFolder::all(store_.results()),
                 elsewhere = made_.folder("else");
  fs::create_directories(trials / "notes");
  fs::create_directories(elsewhere);
  MadeResults::write(trials / "notes" / "mine.txt", "mine");
  MadeResults::write(elsewhere / "record.json", "theirs");
  fs::create_directory_symlink(elsewhere, trials / "link");
  const auto stock = take_stock(store_, {});
  EXPECT_THAT(stock.needless, IsEmpty());
  EXPECT_THAT(stock.strangers, ElementsAre(trials / "link", trials / "notes"));
}

TEST_F(CleanTest, RerunsAndHalvesOfFilesGoToo) {
  const Plan plan = made_.plan();
  MadeResults::make(store_, plan);
  const auto folder = store_.folder(plan.trials[0].id);
  const fs::path half = folder.path() / "record.json.00000000.tmp";
  MadeResults::write(half, "{");
  EXPECT_THAT(needless(ids(plan)), IsEmpty()) << "it may be at work";
  fs::last_write_time(half, fs::file_time_type::clock::now() - std::chrono::hours(2));
  const fs::path rerun = store_.results() / "cache" / "rerun.7";
  fs::create_directories(core::TrialFolder::all(rerun));
  fs::create_directory_symlink(fs::absolute(folder.path()),
                               core::TrialFolder::all(rerun) / "source");
  EXPECT_THAT(needless(ids(plan)),
              testing::UnorderedElementsAre(half.filename().string(), "rerun.7"));
  EXPECT_EQ(discard_all(ids(plan)), 2U);
  EXPECT_TRUE(fs::exists(folder.record())) << "a link's end does not go with it";
}

TEST_F(CleanTest, WhatVerifyResumeLeftGoesToo) {
  const core::Store killed(store_.results() / "cache" / "resume.7" / "killed");
  const Plan plan = made_.plan();
  MadeResults::make(killed, plan);
  {
    const auto lock = TrialLock::take(killed.folder(plan.trials[0].id));
    EXPECT_THAT(needless({}), IsEmpty());
  }
  EXPECT_THAT(needless({}), ElementsAre("resume.7"));
}

TEST_F(CleanTest, AListOfWorkGoesOnceEachOfItsTrialsIsOver) {
  const Plan plan = made_.plan();
  std::vector<Work> work;
  for (const auto& trial : plan.trials) work.push_back({&trial, "1"});
  const auto list = WorkList::write("s", work, store_, {});
  EXPECT_THAT(needless(ids(plan)), IsEmpty()) << "its jobs may wait in a queue";
  MadeResults::make(store_, plan);
  EXPECT_THAT(needless(ids(plan)), ElementsAre(list.name()));
  EXPECT_EQ(discard_all(ids(plan)), 1U);
  EXPECT_FALSE(fs::exists(list.file()));
  EXPECT_THAT(store_.trials(), SizeIs(plan.trials.size()));
}

TEST(TrialLock, IsOfTheFileThatHasTheName) {
  const TemporaryFolder own;
  const core::TrialFolder folder(own.path() / "trial");
  EXPECT_FALSE(TrialLock::held(folder));
  EXPECT_FALSE(fs::exists(folder.path())) << "asking makes nothing";
  auto first = TrialLock::take(folder);
  EXPECT_TRUE(TrialLock::held(folder));
  EXPECT_FALSE(TrialLock::take(folder));
  fs::remove_all(folder.path());
  EXPECT_TRUE(TrialLock::take(folder)) << "the first lock is of a file that is gone";
}

}  // namespace
}  // namespace ktb::launch
