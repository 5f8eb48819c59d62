#include "launch/share/work_list.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"
#include "core/base/text_file.hpp"
#include "launch/lock.hpp"
#include "launch/share/waves.hpp"
#include "temporary_folder.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class WorkListTest : public testing::Test {
 protected:
  void add(const std::string& id, std::vector<std::string> needs = {}) {
    core::Trial& trial = plan_.trials.emplace_back();
    core::TrialSpec spec;
    trial.id = spec.id = id;
    trial.key = spec.key = "key-" + id;
    trial.needs = std::move(needs);
    spec.target.emplace().plugin = "m\t";
    trial.describe(std::move(spec), R"({"seed":1})");
  }
  std::vector<const core::Trial*> trials() const {
    std::vector<const core::Trial*> all;
    for (const auto& trial : plan_.trials) all.push_back(&trial);
    return all;
  }
  std::vector<Work> work(const std::vector<std::string>& groups) const {
    std::vector<Work> all;
    for (std::size_t i = 0; i < groups.size(); ++i) all.push_back({&plan_.trials[i], groups[i]});
    return all;
  }
  static std::vector<std::string> ids(const std::vector<core::Trial>& trials) {
    std::vector<std::string> all;
    for (const auto& trial : trials) all.push_back(trial.id);
    return all;
  }

  const TemporaryFolder own_;
  const core::Store store_{own_.path() / "results"};
  core::Plan plan_;
};

TEST_F(WorkListTest, AWaveIsWhatTheLongestChainBeforeATrialSays) {
  add("a");
  add("b", {"a"});
  add("c");
  add("d", {"b", "c"});
  add("e", {"gone"});
  EXPECT_THAT(waves(trials()), ElementsAre(std::pair{"a", 1}, std::pair{"b", 2}, std::pair{"c", 1},
                                           std::pair{"d", 3}, std::pair{"e", 1}));
}

TEST_F(WorkListTest, GivesBackWhatWasWritten) {
  add("a");
  add("b", {"a"});
  add("c");
  PoolOptions options;
  options.jobs = 3;
  options.threads = 2;
  options.checkpoint = 4;
  const auto list = WorkList::write("s u/i\"te", work({"1", "2", "1"}), store_, options);
  EXPECT_TRUE(list.name().starts_with("s_u_i_te-")) << list.name();
  EXPECT_EQ(list.results(), store_.results());
  EXPECT_EQ(list.options().jobs, 3);
  EXPECT_EQ(list.options().threads, 2);
  EXPECT_EQ(list.options().checkpoint, 4);
  EXPECT_TRUE(list.options().listed);
  EXPECT_THAT(ids(list.of_group("1")), ElementsAre("a", "c"));
  EXPECT_THAT(ids(list.of_group("2")), ElementsAre("a", "b"));
  const auto trial = list.of_trial("b").back();
  EXPECT_EQ(trial.spec(), plan_.trials[1].spec());
  EXPECT_EQ(trial.key, "key-b");
  EXPECT_EQ(trial.fields(), plan_.trials[1].fields());
  EXPECT_THAT(trial.needs, ElementsAre("a"));
}

TEST_F(WorkListTest, ARecordOfBeforeIsNoneOfIts) {
  add("a");
  add("spare");
  add("held");
  for (const auto& trial : plan_.trials) {
    core::Record record;
    record.id = trial.id;
    store_.save(record);
  }
  const auto lock = TrialLock::take(store_.folder("held"));
  WorkList::write("s", work({"1", "", "1"}), store_, {});
  EXPECT_FALSE(store_.load("a"));
  EXPECT_TRUE(store_.load("spare")) << "nobody was asked to run it";
  EXPECT_TRUE(store_.load("held")) << "somebody is at it";
}

TEST_F(WorkListTest, AFaultNamesItsLine) {
  const auto fault = [&](const std::string& text) -> std::string {
    const fs::path file = own_.path() / "list";
    std::ofstream(file) << text;
    try {
      WorkList list(file);
      list.of_group("1");
      return "";
    } catch (const core::Error& error) {
      return error.what();
    }
  };
  add("a");
  const auto list = WorkList::write("s", work({"1"}), store_, {});
  const std::string text = core::read_text(list.file());
  EXPECT_EQ(fault(text), "");
  EXPECT_THAT(fault(""), testing::HasSubstr("is empty"));
  EXPECT_THAT(fault("{}\n"), testing::HasSubstr("list, line 1"));
  EXPECT_THAT(fault(text.substr(0, text.size() / 2 + 200)), testing::HasSubstr("list, line 2"));
}

}  // namespace
}  // namespace ktb::launch
