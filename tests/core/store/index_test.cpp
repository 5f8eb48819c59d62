#include "core/store/index.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "core/base/text_file.hpp"
#include "core/store/store.hpp"
#include "core/table/report.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kSeeds = 300;  // of two cells: more records than are worth an index

/// Whatever happens to records or index, a table is the one that is made without an index. Records
/// are made once, since an index takes none written a moment ago; each test changes others.
class IndexTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    for (const Trial& trial : plan().trials) write(trial.id, 0.5);
    // the same records, and no place for an index
    fs::create_directories(folder_->path() / "plain");
    fs::create_directory_symlink(results() / "trials", folder_->path() / "plain" / "trials");
    std::ofstream(folder_->path() / "plain" / "cache") << "no folder";
    std::this_thread::sleep_for(2200ms);
  }
  static void TearDownTestSuite() { delete folder_; }

  void SetUp() override {
    fs::remove_all(results() / "cache");
    table();
    ASSERT_GT(held(), kSeeds) << "the index is made and serves";
    warnings_.clear();
  }

  static fs::path results() { return folder_->path() / "results"; }
  static fs::path file() { return results() / "cache" / "index.sqlite"; }
  static TrialFolder trial(const std::string& id) { return TrialFolder(results(), id); }

  static Plan plan() {
    Plan plan;
    plan.suite = "wide";
    TableSpec table;
    table.name = "main";
    table.metrics = {"top1"};
    table.rows = {"method"};
    table.cols = {"dataset"};
    table.baseline = "scratch";
    plan.tables = {table};
    for (const std::string method : {"scratch", "kd"}) {
      Cell& cell = plan.cells.emplace_back();
      cell.axes = {{"method", method}, {"dataset", "d"}};
      for (std::size_t seed = 0; seed < kSeeds; ++seed) {
        Trial& trial = plan.trials.emplace_back();
        trial.id = fmt::format("{}-s{}-0", method, seed);
        trial.key = "key of " + trial.id;
        cell.samples.push_back({seed, trial.id, {}, {}});
      }
    }
    return plan;
  }
  static std::string text_of(const std::string& id, double top1) {
    Record record;
    record.id = id;
    record.key = "key of " + id;
    record.status = Status::kOk;
    record.metrics = {{"top1", top1}};
    return record_text(record);
  }
  static void write(const std::string& id, double top1) {
    fs::create_directories(trial(id).path());
    std::ofstream(trial(id).record()) << text_of(id, top1);
    write_settings(id, 1);
  }
  static void write_settings(const std::string& id, int temperature) {
    TrialSpec spec;
    spec.id = id;
    spec.recipe.batch = 32;
    spec.method.options = {{"temperature", temperature}};
    std::ofstream(trial(id).spec()) << to_json(spec).dump();
  }
  /// Of all trials, one after the other.
  static std::vector<std::string> settings_in(const fs::path& folder) {
    const Store store(folder);
    std::vector<std::string> all;
    for (const Trial& one : plan().trials) all.push_back(to_json(*store.load_spec(one.id)).dump());
    return all;
  }
  static std::vector<std::string> records_in(const fs::path& folder) {
    const Store store(folder);
    std::vector<std::string> all;
    for (const Trial& one : plan().trials) all.push_back(record_text(*store.load(one.id)));
    return all;
  }

  std::string table_in(const fs::path& folder) {
    const Store store(folder, [&](const std::string& text) { warnings_.push_back(text); });
    return report(plan(), store, "", Format::kCsv);
  }
  std::string table() { return table_in(results()); }
  /// By the records alone.
  std::string truth() { return table_in(folder_->path() / "plain"); }

  /// Records that the index has as they are now.
  static std::size_t held(const std::string& layout = index_layout(),
                          Index::Table table = Index::kResults) {
    Index index(file(), layout, [](const std::string&) {});
    for (std::size_t i = 0; i < Index::kFew; ++i) index.find(table, "none", {});
    std::size_t count = 0;
    for (const Trial& one : plan().trials) {
      const TrialFolder its = trial(one.id);
      const auto path = table == Index::kSpecs ? its.spec() : its.record();
      count += index.find(table, one.id, stamp_of(path)).has_value();
    }
    return count;
  }
  void expect_truth_and_a_new_index() {
    EXPECT_EQ(table(), truth());
    EXPECT_EQ(table(), truth());
    EXPECT_GT(held(), kSeeds);
  }

  static TemporaryFolder* folder_;
  std::vector<std::string> warnings_;
};
TemporaryFolder* IndexTest::folder_ = nullptr;

TEST_F(IndexTest, GivesTheTableThatTheRecordsGive) {
  EXPECT_EQ(table(), truth());
  EXPECT_THAT(table(), HasSubstr("50"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(IndexTest, SeesARecordThatWasChangedInItsPlace) {
  struct stat before {};
  const std::string path = trial("kd-s1-0").record();
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  const std::string text = text_of("kd-s1-0", 0.9);
  std::fstream(path, std::ios::in | std::ios::out) << text;
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  ASSERT_EQ(fs::file_size(path), static_cast<std::uintmax_t>(before.st_size));
  EXPECT_THAT(table(), HasSubstr("50.13"));  // the mean moves by 40 / 300
  EXPECT_EQ(table(), truth());
}

TEST_F(IndexTest, HasRecordsInFullToo) {
  EXPECT_GT(held(index_layout(), Index::kRecords), kSeeds);
  EXPECT_EQ(records_in(results()), records_in(folder_->path() / "plain"));
  write("kd-s6-0", 0.875);
  EXPECT_THAT(records_in(results()), Contains(HasSubstr("0.875")));
  EXPECT_EQ(records_in(results()), records_in(folder_->path() / "plain"));
  write("kd-s6-0", 0.5);
}

TEST_F(IndexTest, HasSettingsAsTheirFilesAre) {
  EXPECT_EQ(held(index_layout(), Index::kSpecs), 0U) << "nobody asked";
  const auto before = settings_in(results());
  EXPECT_GT(held(index_layout(), Index::kSpecs), kSeeds);
  EXPECT_EQ(settings_in(results()), before);
  write_settings("kd-s7-0", 4);
  EXPECT_EQ(settings_in(results()), settings_in(folder_->path() / "plain"));
  EXPECT_NE(settings_in(results()), before);
  write_settings("kd-s7-0", 1);
}

TEST_F(IndexTest, SeesARecordThatWasReplacedRemovedOrAdded) {
  const std::string before = table();
  Record better = Store(results()).load("kd-s2-0").value();
  better.metrics["top1"] = 1;
  Store(results()).save(better);
  const std::string replaced = table();
  EXPECT_NE(replaced, before);
  EXPECT_EQ(replaced, truth());
  fs::remove(trial("kd-s3-0").record());
  fs::remove_all(trial("kd-s4-0").path());
  const std::string removed = table();
  EXPECT_THAT(removed, HasSubstr("partial"));
  EXPECT_EQ(removed, truth());
  write("kd-s3-0", 0.25), write("kd-s4-0", 0.25);
  EXPECT_THAT(table(), ::testing::Not(HasSubstr("partial")));
  EXPECT_EQ(table(), truth());
}

TEST_F(IndexTest, SeesARecordThatBecameUnreadable) {
  std::ofstream(trial("kd-s5-0").record()) << "{\"id\": ";
  EXPECT_EQ(table(), truth());
  EXPECT_THAT(warnings_, Contains(HasSubstr("kd-s5-0/record.json is left out")));
  write("kd-s5-0", 0.5);
}

TEST_F(IndexTest, TakesNoRecordThatWasWrittenAMomentAgo) {
  for (std::size_t seed = 0; seed < 20; ++seed) write(fmt::format("scratch-s{}-0", seed), 0.5);
  fs::remove_all(results() / "cache");
  for (std::size_t seed = 10; seed < 100; ++seed) Store(results()).load(plan().trials[seed].id);
  table();
  EXPECT_LE(held(), 2 * kSeeds - 20) << "they may be written again within the clock's tick";
}

TEST_F(IndexTest, IsMadeAnewWhereItIsDamaged) {
  const auto size = fs::file_size(file());
  const auto overwrite = [&](std::uintmax_t at, const std::string& bytes) {
    std::fstream out(file(), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(at)) << bytes;
  };
  fs::resize_file(file(), size / 2);
  expect_truth_and_a_new_index();
  EXPECT_THAT(warnings_, Contains(HasSubstr("index.sqlite is left out and made anew: ")));
  fs::resize_file(file(), 0);
  expect_truth_and_a_new_index();
  overwrite(0, "no database, but a text of some length");
  expect_truth_and_a_new_index();
  overwrite(size / 3, std::string(size / 3, '\x5A'));
  expect_truth_and_a_new_index();
}

TEST_F(IndexTest, SeesADamagedByteInAnEntry) {
  std::string bytes = read_text(file());
  const auto at = bytes.find("top1", bytes.find("key of kd-"));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 10] = static_cast<char>(bytes[at + 10] ^ 0x10);  // in the number behind the name
  std::ofstream(file(), std::ios::binary) << bytes;
  EXPECT_EQ(table(), truth());
  EXPECT_THAT(warnings_, Contains(HasSubstr("an entry is damaged")));
  expect_truth_and_a_new_index();
}

TEST_F(IndexTest, OfAnotherVersionIsNone) {
  fs::remove(file());
  {
    Index older(file(), "older", [](const std::string&) {});
    for (const Trial& one : plan().trials)
      older.keep(Index::kResults, one.id, stamp_of(trial(one.id).record()), "another layout");
  }
  EXPECT_GT(held("older"), kSeeds);
  expect_truth_and_a_new_index();
  EXPECT_EQ(held("older"), 0U);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(IndexTest, CanBeMissingForGood) {
  fs::remove_all(results() / "cache");
  std::ofstream(results() / "cache") << "as in a folder that cannot be written";
  EXPECT_EQ(table(), truth());
  EXPECT_THAT(warnings_, IsEmpty());
  fs::remove(results() / "cache");
  fs::create_directories(file());
  EXPECT_EQ(table(), truth());
}

TEST_F(IndexTest, IsDoneWithoutWhileAnotherProcessHoldsIt) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(table(), truth());
  sqlite3_close(other);
  EXPECT_EQ(table(), truth());
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(IndexTest, IsSharedByProcesses) {
  fs::remove(file());
  const std::string expected = truth();
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    bool same = true;
    for (int round = 0; round < 3; ++round) same = same && table() == expected;
    ::_exit(same && warnings_.empty() ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_GT(held(), kSeeds);
}

TEST_F(IndexTest, IsNotMadeForAFewRecords) {
  fs::remove_all(results() / "cache");
  {
    const Store store(results());
    for (std::size_t i = 0; i < 100; ++i) store.load(plan().trials[i].id);
  }
  EXPECT_FALSE(fs::exists(results() / "cache"));
}

TEST_F(IndexTest, KeepsALargePlanAsItsFileIs) {
  Plan large = plan();
  large.question = std::string(Index::kLargePlan, 'q');
  const auto stored = [&] { return to_json(*Store(results()).load_plan("wide", "")); };
  const auto kept = [] {
    Index index(file(), index_layout(), [](const std::string&) {});
    const fs::path path = Store(results()).plan_path("wide", "");
    return index.plan(path.filename(), stamp_of(path)).has_value();
  };
  Store(results()).save_plan(large);
  EXPECT_TRUE(kept()) << "it knows what it wrote";
  EXPECT_EQ(stored(), to_json(large));
  large.title = "another";
  std::ofstream(Store(results()).plan_path("wide", "")) << to_json(large);
  EXPECT_FALSE(kept());
  EXPECT_EQ(stored(), to_json(large));
  EXPECT_FALSE(kept()) << "somebody wrote it a moment ago";
  std::this_thread::sleep_for(2200ms);
  EXPECT_EQ(stored(), to_json(large));
  EXPECT_TRUE(kept());
  EXPECT_EQ(stored(), to_json(large));
  large.title = "a third";
  Store(results()).save_plan(large);
  EXPECT_EQ(stored(), to_json(large));
}

}  // namespace
}  // namespace ktb::core
