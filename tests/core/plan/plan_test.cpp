#include "core/plan/make_plan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/fake_catalogue.hpp"
#include "core/plan/explain.hpp"
#include "core/suite/read_suite.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;
namespace fs = std::filesystem;

std::string golden(const std::string& name) {
  return std::string(KTB_SOURCE_DIR) + "/tests/golden/suites/" + name + ".toml";
}

class PlanTest : public testing::Test {
 protected:
  Suite suite(const std::string& text, const std::vector<std::string>& sets = {}) const {
    const TemporaryFolder folder;
    const fs::path path =
        folder.path() /
        (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".toml");
    std::ofstream(path) << text;
    return read_suite(path, "", sets);
  }
  Plan plan(const std::string& text, const std::vector<std::string>& sets = {}) {
    return make_plan(suite(text, sets), catalogue_, {});
  }

  static const Cell& cell(const Plan& plan, const std::string& method, const std::string& pair) {
    for (const auto& cell : plan.cells) {
      if (cell.axes.at("method") == method && cell.axes.at("pair") == pair) return cell;
    }
    throw Error("no cell " + method + " " + pair);
  }
  static std::set<std::string> ids(const Plan& plan) {
    std::set<std::string> out;
    for (const auto& trial : plan.trials) out.insert(trial.id);
    return out;
  }

  FakeCatalogue catalogue_ = full_catalogue();
};

constexpr const char* kSmall = R"(ktbench = 1
seeds = 2
datasets = "cifar100"
methods = ["scratch", "kd", "dkd"]
[grid.main]
pairs = ["resnet -> vgg8", "vgg13 -> vgg8"]
)";

TEST_F(PlanTest, DistillationHasTheTrialsCountedByHand) {
  const Plan plan = make_plan(read_suite(golden("distillation"), "paper"), catalogue_, {});
  EXPECT_EQ(plan.cells.size(), 27u);
  // 3 sources of one seed, 3 targets from scratch and 3 pairs by 8 methods of three seeds.
  EXPECT_EQ(plan.trials.size(), 3u + 9u + 72u);
  EXPECT_EQ(catalogue_.calls, 1);
  EXPECT_TRUE(plan.missing.empty());
  ASSERT_EQ(plan.rules.size(), 2u);
  EXPECT_EQ(plan.rules[0].text, "recipe.optimizer.lr = 0.01");
  EXPECT_EQ(plan.rules[0].place, "line 24");
  EXPECT_EQ(plan.rules[0].trials, 54u);
  EXPECT_EQ(plan.rules[1].trials, 3u);
  EXPECT_THAT(plan.order.at("pair"),
              ElementsAre("r56 -> r20", "r32x4 -> shufflenetv2", "vgg13 -> mv2"));
  const TrialSpec& crd_kd = plan.trial(cell(plan, "crd_kd", "r56 -> r20").samples[0].trial).spec();
  EXPECT_EQ(crd_kd.plus.at(0).name, "kd");
  EXPECT_EQ(crd_kd.plus.at(0).weight, 1.0);
  EXPECT_THAT(crd_kd.recipe.schedule.at, ElementsAre(150, 180, 210));
}

TEST_F(PlanTest, HubHasTheTrialsCountedByHand) {
  const Plan plan = make_plan(read_suite(golden("hub")), catalogue_, {});
  EXPECT_EQ(plan.cells.size(), 24u);
  // 4 sources; by label share 4 fine-tunings, hub_pathway three times,
  // mixture, zoo, ensemble; 3 seeds.
  EXPECT_EQ(plan.trials.size(), 3u * (4 + 3 * (4 + 3 + 1 + 1 + 1)));
  const Cell& hub = cell(plan, "hub_pathway", "four -> self");
  EXPECT_THAT(hub.candidates, ElementsAre("explore = 0.01", "explore = 0.1", "explore = 1"));
  EXPECT_EQ(hub.samples[0].tuning.size(), 2u);
  EXPECT_FALSE(plan.trial(hub.samples[0].trial).spec().target);
  const Cell& ensemble = cell(plan, "ensemble", "tuned -> self");
  const Cell& tuned = cell(plan, "finetune", "fonts -> self");
  const SourceRef first = plan.trial(ensemble.samples[1].trial).spec().sources.at(0);
  EXPECT_EQ(first.trial, tuned.samples[1].trial);
  EXPECT_EQ(ensemble.samples[1].sources.size(), 8u) << "the fine-tuned and what they started from";
  EXPECT_THAT(plan.order.at("labels"), ElementsAre("0.05", "0.2", "1"));
  EXPECT_THAT(plan.warnings[0], HasSubstr("hub_pathway 3, mixture 1"));
}

TEST_F(PlanTest, AModelIsAskedAboutWithTheTaskOfItsSource) {
  make_plan(read_suite(golden("hub")), catalogue_, {});
  std::map<std::string, std::set<std::string>> tasks;
  for (const auto& [id, model] : catalogue_.last_request.models)
    tasks[model.plugin].insert(model.task);
  EXPECT_THAT(tasks["shufflenetv2"], testing::Contains("rotation"));
  EXPECT_THAT(tasks["vit"], testing::Contains("autoencode"));
  EXPECT_THAT(tasks["vgg8"], ElementsAre(""));
}

TEST_F(PlanTest, ExamplesPlanWithNothingInstalled) {
  FakeCatalogue empty;
  for (const char* name : {"distillation", "hub"}) {
    const Plan plan = make_plan(read_suite(golden(name), "paper"), empty, {});
    EXPECT_GT(plan.trials.size(), 80u) << name;
    ASSERT_FALSE(plan.missing.empty()) << name;
    EXPECT_THAT(plan.missing[0].message, HasSubstr("trials need it"));
  }
}

TEST_F(PlanTest, SourcesComeFirstAndAreThatModelsScratch) {
  const Plan plan = this->plan(R"(ktbench = 1
datasets = "cifar100"
methods = ["scratch", "kd"]
[grid.main]
pairs = ["resnet -> vgg8", "vgg8 -> resnet"]
)");
  std::set<std::string> seen;
  for (const auto& trial : plan.trials) {
    for (const auto& need : trial.needs) EXPECT_TRUE(seen.count(need)) << trial.id;
    seen.insert(trial.id);
  }
  EXPECT_EQ(plan.trials.size(), 4u);
  EXPECT_EQ(cell(plan, "kd", "resnet -> vgg8").samples[0].sources[0],
            cell(plan, "scratch", "vgg8 -> resnet").samples[0].trial);
}

TEST_F(PlanTest, KeyIsTheHashOfItsFields) {
  for (const auto& trial : plan(kSmall).trials) {
    EXPECT_EQ(trial.key, sha256_text(trial.fields()));
    EXPECT_EQ(trial.fields(), Json::parse(trial.fields()).dump()) << "canonical";
    EXPECT_TRUE(trial.id.ends_with(trial.key.substr(0, 12)));
    EXPECT_EQ(trial.spec().key, trial.key);
  }
}

TEST_F(PlanTest, NamesOrderLabelsAndTablesAreNotInAKey) {
  const Plan one = plan(R"(ktbench = 1
seeds = 2
datasets = "cifar100"
methods = ["scratch", "kd", "dkd"]
[model.a]
plugin = "resnet"
depth = 56
[grid.main]
pairs = ["a -> vgg8"]
)");
  const Plan other = plan(R"(ktbench = 1
title = "another"
seeds = [1, 0]
[dataset.pictures]
plugin = "cifar100"
[model]
teacher = { depth = 56, plugin = "resnet", label = "Teacher" }
student = { plugin = "vgg8" }
[method]
soft = { label = "KD", plugin = "kd" }
[grid.second]
datasets = "pictures"
methods = ["dkd", "soft", "scratch"]
pairs = ["teacher -> student"]
[table.t]
[limits]
seconds = 60
)");
  EXPECT_EQ(ids(one), ids(other));
  EXPECT_EQ(other.labels.at("soft"), "KD");
}

TEST_F(PlanTest, AliasIsItsPluginWithAPreset) {
  const Plan plan = this->plan(R"(ktbench = 1
datasets = "cifar100"
methods = "scratch"
[model]
mine = { plugin = "resnet", depth = 20 }
deeper = { plugin = "resnet20", depth = 56 }
[grid.main]
pairs = ["resnet20 -> self", "mine -> self", "deeper -> self"]
)");
  EXPECT_EQ(plan.trials.size(), 2u);
  EXPECT_EQ(plan.trials[1].spec().target.value().options["depth"], 56);
}

TEST_F(PlanTest, OneOptionOfOneMethodChangesOnlyItsTrials) {
  const auto before = ids(plan(kSmall)),
             after = ids(plan(std::string(kSmall) + "[method.dkd]\nbeta = 2\n"));
  std::vector<std::string> gone;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                      std::back_inserter(gone));
  EXPECT_EQ(gone.size(), 4u);
  for (const auto& id : gone) EXPECT_TRUE(id.starts_with("dkd-")) << id;
}

TEST_F(PlanTest, DefaultSpeltOutIsTheSameTrial) {
  EXPECT_EQ(ids(plan(kSmall)),
            ids(plan(std::string(kSmall) + "[method.dkd]\nbeta = 8.0\n[recipe]\nepochs = 10\n")));
}

TEST_F(PlanTest, OverlappingSuitesShareTrials) {
  const auto one = ids(plan(kSmall));
  const auto two = ids(plan(R"(ktbench = 1
seeds = 3
datasets = "cifar100"
[grid.other]
methods = ["fitnet", "kd"]
pairs = "vgg13 -> vgg8"
)"));
  std::vector<std::string> shared;
  std::set_intersection(one.begin(), one.end(), two.begin(), two.end(), std::back_inserter(shared));
  EXPECT_EQ(shared.size(), 4u) << "two sources and two kd";
}

TEST_F(PlanTest, DeviceSmokeSeedAndPluginFileAreInTheKey) {
  const Suite small = suite(kSmall);
  const auto base = ids(make_plan(small, catalogue_, {}));
  const auto disjoint = [&](const std::set<std::string>& other) {
    return std::none_of(other.begin(), other.end(),
                        [&](const auto& id) { return base.count(id) > 0; });
  };
  EXPECT_TRUE(disjoint(ids(make_plan(small, catalogue_, {"cuda", false, {}}))));
  const Plan smoke = make_plan(small, catalogue_, {"cpu", true, {}});
  EXPECT_TRUE(disjoint(ids(smoke)));
  EXPECT_EQ(smoke.trials[0].spec().recipe.steps, 2);
  PlanOptions longer{"cpu", true, {}};
  longer.smoke_steps = 24;
  EXPECT_EQ(make_plan(small, catalogue_, longer).trials[0].spec().recipe.steps, 24);
  catalogue_.hashes["kd"] = "rebuilt";
  for (const auto& id : ids(make_plan(small, catalogue_, {}))) {
    EXPECT_EQ(base.count(id) == 0, id.starts_with("kd-")) << id;
  }
}

TEST_F(PlanTest, SourceOfScratchLeavesItsKeyAndItsRules) {
  const Plan plan = this->plan(std::string(kSmall) + R"([[when]]
source = "resnet"
recipe.batch = 32
[[when]]
pair = "* -> vgg8"
recipe.clip = 1
)");
  const Cell& a = cell(plan, "scratch", "resnet -> vgg8");
  const Cell& b = cell(plan, "scratch", "vgg13 -> vgg8");
  EXPECT_EQ(a.samples[0].trial, b.samples[0].trial);
  EXPECT_EQ(plan.trial(a.samples[0].trial).spec().recipe.batch, 128);
  EXPECT_EQ(plan.trial(a.samples[0].trial).spec().recipe.clip, 1.0);
  EXPECT_EQ(plan.trial(cell(plan, "kd", "resnet -> vgg8").samples[0].trial).spec().recipe.batch,
            32);
}

TEST_F(PlanTest, LaterLayersWinAndSayWhereTheyStand) {
  const Plan plan = this->plan(R"(ktbench = 1
datasets = "cifar100"
methods = ["kd", "dkd"]
[recipe]
epochs = 4
batch = 16
[method.kd]
recipe.epochs = "x2"
alpha = 0.5
temperature = 2
[[when]]
method = "k*"
recipe.batch = 32
option.temperature = 3
[[when]]
target = "vgg*"
option.temperature = 5
[grid.main]
pairs = "resnet -> vgg8"
)",
                               {"method.kd.alpha=0.7"});
  const Cell& kd = cell(plan, "kd", "resnet -> vgg8");
  const TrialSpec& spec = plan.trial(kd.samples[0].trial).spec();
  EXPECT_EQ(spec.recipe.epochs, 8);
  EXPECT_EQ(spec.recipe.batch, 32);
  EXPECT_EQ(spec.method.options, Json({{"alpha", 0.7}, {"temperature", 5}}));
  EXPECT_THAT(kd.origin.at("recipe.epochs"), HasSubstr(".toml:8"));
  EXPECT_THAT(kd.origin.at("recipe.batch"), HasSubstr(".toml:13"));
  EXPECT_THAT(kd.origin.at("method.options.temperature"), HasSubstr(".toml:17"));
  EXPECT_THAT(kd.origin.at("method.options.alpha"), HasSubstr("--set"));
  const Explanation told = explain(plan.trial(kd.samples[0].trial), kd.origin);
  const auto has = [&](const std::string& name, const std::string& origin) {
    return std::any_of(told.settings.begin(), told.settings.end(), [&](const Setting& s) {
      return s.name == name && s.origin.find(origin) != std::string::npos;
    });
  };
  EXPECT_TRUE(has("recipe.optimizer.lr", "default"));
  EXPECT_TRUE(has("recipe.epochs", ".toml:8"));
}

TEST_F(PlanTest, CrossCombinesAndVaryMovesOneAtATime) {
  const Plan crossed = plan(R"(ktbench = 1
datasets = "cifar100"
[grid.main]
pairs = "resnet -> vgg8"
methods = ["scratch", "kd"]
cross.temperature = [2, 8]
cross.alpha = [0.1, 0.5, 0.9]
)");
  EXPECT_EQ(crossed.cells.size(), 1u + 6u) << "scratch has neither option";
  EXPECT_THAT(crossed.order.at("option.temperature"), ElementsAre("2", "8"));

  const Plan varied = plan(R"(ktbench = 1
datasets = "cifar100"
[grid.main]
pairs = "resnet -> vgg8"
methods = "kd"
vary.temperature = [2, 4, 8]
vary.alpha = [0.1, 0.5]
)");
  EXPECT_EQ(varied.cells.size(), 1u + 2u + 2u) << "temperature 4 is the default";
  EXPECT_EQ(varied.cells[0].axes.at("option.temperature"), "4");
  EXPECT_EQ(varied.cells[1].axes.at("option.alpha"), "0.9");
  EXPECT_THAT(varied.order.at("option.temperature"), ElementsAre("2", "4", "8"))
      << "as listed, though the cell of the default comes first";
}

TEST_F(PlanTest, HolesSayWhy) {
  catalogue_.unsuited["dkd"] = "label spaces differ";
  catalogue_.methods["share"].modes = {SourceMode::kFreshJoint};
  const Plan plan = this->plan(R"(ktbench = 1
datasets = "cifar100"
methods = ["kd", "dkd", "zoo_tuning", "share", "wrong", "finetune"]
[hub]
two = ["resnet", "vgg13"]
[method.wrong]
plugin = "kd"
source = "fresh-joint"
[grid.main]
pairs = ["two -> vgg8", "resnet -> vgg8", "two -> self"]
)");
  EXPECT_EQ(cell(plan, "kd", "two -> vgg8").hole, "kd takes 1 source, not 2");
  EXPECT_EQ(cell(plan, "dkd", "resnet -> vgg8").hole, "label spaces differ");
  EXPECT_EQ(cell(plan, "zoo_tuning", "resnet -> vgg8").hole,
            "zoo_tuning takes at least 2 sources, not 1");
  EXPECT_EQ(cell(plan, "wrong", "resnet -> vgg8").hole,
            "wrong takes source = trained or trained-joint, not fresh-joint");
  EXPECT_EQ(cell(plan, "zoo_tuning", "two -> self").hole, "");
  const Cell& share = cell(plan, "share", "resnet -> vgg8");
  EXPECT_EQ(share.hole, "");
  EXPECT_TRUE(plan.trial(share.samples[0].trial).needs.empty()) << "fresh sources need no trial";
  EXPECT_TRUE(cell(plan, "dkd", "resnet -> vgg8").samples[0].trial.empty());
}

TEST_F(PlanTest, BothDirectionsAndForeignDataSets) {
  const Plan plan = this->plan(R"(ktbench = 1
datasets = "cifar100"
methods = "kd"
[grid.main]
pairs = ["resnet <-> vgg8", "resnet@fashion_mnist -> vgg8@cifar100"]
)");
  ASSERT_EQ(plan.cells.size(), 3u);
  EXPECT_EQ(plan.cells[1].axes.at("target"), "resnet");
  const TrialSpec& foreign = plan.trial(plan.cells[2].samples[0].trial).spec();
  EXPECT_EQ(foreign.sources.at(0).task.plugin, "fashion_mnist");
  EXPECT_EQ(foreign.task.plugin, "cifar100");
}

TEST_F(PlanTest, SourceSeedsAreShared) {
  const Plan plan = this->plan("source_seeds = 1\n" + std::string(kSmall));
  const Cell& kd = cell(plan, "kd", "resnet -> vgg8");
  EXPECT_EQ(kd.samples[0].sources, kd.samples[1].sources);
  EXPECT_NE(kd.samples[0].trial, kd.samples[1].trial);
}

constexpr const char* kControls = R"(ktbench = 1
datasets = "cifar100"
methods = ["scratch", "kd"]
[source.teacher]
model = "resnet"
recipe = { epochs = 7 }
[method.kd]
label = "KD"
temperature = 2.0
[[when]]
method = "kd"
recipe.batch = 32
[grid.main]
pairs = "teacher -> vgg8"
controls = ["untrained", "shuffled"]
)";

TEST_F(PlanTest, ControlsAreRowsWhoseSourcesKnowNothing) {
  const Plan plan = this->plan(kControls);
  ASSERT_EQ(plan.cells.size(), 4u) << "scratch has no source that could be a control";
  const auto spec = [&](const std::string& method) {
    return plan.trial(cell(plan, method, "teacher -> vgg8").samples[0].trial).spec();
  };
  const auto source = [&](const std::string& method) {
    return plan.trial(spec(method).sources.at(0).trial).spec();
  };
  EXPECT_EQ(spec("kd:untrained").recipe, spec("kd").recipe)
      << "rules reach it as the method itself";
  EXPECT_EQ(spec("kd:untrained").recipe.batch, 32);
  EXPECT_EQ(spec("kd:shuffled").method, spec("kd").method);
  EXPECT_EQ(source("kd").recipe.epochs, 7);
  EXPECT_EQ(source("kd:untrained").recipe.epochs, 0);
  EXPECT_EQ(source("kd:untrained").recipe.steps, 0);
  EXPECT_EQ(source("kd:shuffled").recipe, source("kd").recipe);
  EXPECT_TRUE(source("kd:shuffled").task.shuffled);
  EXPECT_FALSE(spec("kd:shuffled").task.shuffled);
  EXPECT_FALSE(source("kd").task.shuffled);
  EXPECT_EQ(plan.labels.at("kd:untrained"), "KD, untrained source");
}

TEST_F(PlanTest, AControlAddsNothingToOtherKeys) {
  auto without = std::string(kControls);
  without.erase(without.find("controls"));
  const auto all = ids(plan(kControls)), some = ids(plan(without));
  EXPECT_TRUE(std::includes(all.begin(), all.end(), some.begin(), some.end()));
  EXPECT_EQ(all.size(), some.size() + 4);
}

TEST_F(PlanTest, AFinishedCellHasNoControl) {
  const Plan plan = this->plan(R"(ktbench = 1
datasets = "cifar100"
methods = "kd"
[source.assistant]
cell = "resnet -> vgg13"
method = "kd"
[grid.main]
pairs = "assistant -> vgg8"
controls = "untrained"
)");
  ASSERT_EQ(plan.cells.size(), 2u);
  EXPECT_EQ(plan.cells[0].hole, "");
  EXPECT_THAT(plan.cells[1].hole, HasSubstr("a finished cell has no control"));
}

TEST_F(PlanTest, AClaimIsAboutOneEntryOfEachRow) {
  const auto said = [&](const std::string& claim) {
    try {
      plan(std::string(kSmall) + "[table.main]\nview = \"verdicts\"\nclaims = [" + claim + "]\n");
    } catch (const SuiteError& error) {
      return std::string(error.what());
    }
    return std::string("taken");
  };
  const std::string kd = R"(say = "KD helps", method = "kd", over = "scratch")";
  EXPECT_EQ(said("{ " + kd + R"(, pair = "resnet -> vgg8" })"), "taken");
  EXPECT_THAT(said("{ " + kd + " }"), HasSubstr("method `kd` has 2 entries here"));
  EXPECT_THAT(said("{ " + kd + R"(, pair = "a -> b" })"),
              HasSubstr("no cell here has pair `a -> b`"));
  EXPECT_THAT(said("{ " + kd + R"(, dataset = "cifar100" })"), HasSubstr("no axis of this table"));
  EXPECT_THAT(said(R"({ say = "x", method = "kd" })"), HasSubstr("this claim has no `over`"));
  EXPECT_THAT(said("{ " + kd + R"(, expect = "0" })"), HasSubstr("expect"));
}

TEST_F(PlanTest, MissingDataLeavesTheCellsAndSaysHowToGetIt) {
  catalogue_.absent_data["cifar100"] = true;
  const Plan plan = this->plan(kSmall);
  ASSERT_EQ(plan.missing.size(), 1u);
  EXPECT_EQ(plan.missing[0].trials, plan.trials.size());
  EXPECT_EQ(plan.missing[0].message,
            "data set `cifar100` (cifar100) not found; 14 trials need it\n"
            "  wanted  train.bin\n"
            "  looked  /data\n"
            "          /usr/share\n"
            "  get     unpack it into /data");
}

TEST_F(PlanTest, AFilterAsksOnlyForTheDataOfWhatItKeeps) {
  catalogue_.absent_data["emoji"] = true;
  const Suite both = suite(R"(ktbench = 1
datasets = ["cifar100", "emoji"]
methods = ["scratch", "kd"]
[grid.main]
pairs = ["resnet -> vgg8"]
)");
  const Plan whole = make_plan(both, catalogue_, {});
  ASSERT_EQ(whole.missing.size(), 1U);
  EXPECT_EQ(whole.missing[0].trials, 3U) << "a source and two cells of emoji";
  PlanOptions options;
  options.filters = {"cifar100"};
  const Plan narrow = make_plan(both, catalogue_, options);
  EXPECT_EQ(narrow.trials.size(), 3U);
  EXPECT_TRUE(narrow.missing.empty());
  options.filters = {"kd"};
  EXPECT_EQ(make_plan(both, catalogue_, options).missing.at(0).trials, 2U);
}

TEST_F(PlanTest, ATrialSaysWhatIsMissingForIt) {
  catalogue_.methods.erase("kd");
  const Plan plan = this->plan(kSmall);
  const auto lacks = [&](const std::string& method) {
    return plan.trial(cell(plan, method, "resnet -> vgg8").samples[0].trial).lacks;
  };
  EXPECT_THAT(lacks("kd"), ElementsAre(HasSubstr("no method plugin is called `kd`")));
  EXPECT_TRUE(lacks("dkd").empty());
  EXPECT_EQ(plan_from_json(to_json(plan)).trials.back().lacks, plan.trials.back().lacks);
}

TEST_F(PlanTest, AMetricIsOneOfATaskThatTheTableShows) {
  catalogue_.tasks["emoji"] = {"emoji", "regression", {}, 1, "", false, 100, 100};
  const auto with = [&](const std::string& table) {
    return plan(
        "ktbench = 1\ndatasets = [\"cifar100\", \"emoji\"]\nmethods = [\"scratch\"]\n"
        "[grid.main]\npairs = [\"vgg8 -> vgg8\"]\n[table.main]\ncols = \"dataset\"\n" +
        table);
  };
  EXPECT_NO_THROW(with("metrics = [\"top1\", \"rmse\"]\n"));
  EXPECT_NO_THROW(with("figures = [\"anything\"]\n"));
  const auto fault = [&](const std::string& table) {
    try {
      with(table);
    } catch (const SuiteError& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_THAT(fault("metrics = [\"top1\"]\n"), HasSubstr("[table.main] has no metric of `emoji`"));
  EXPECT_THAT(fault("metrics = [\"top1\", \"rmsd\"]\n"), HasSubstr("did you mean `rmse`?"));
  catalogue_.absent_data["emoji"] = true;
  catalogue_.datasets.erase("emoji");
  EXPECT_NO_THROW(with("metrics = [\"top1\", \"f1\"]\n")) << "its task is not known here";
}

TEST_F(PlanTest, WeightsOfAFileStandForATrial) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "given.safetensors";
  std::ofstream(file) << "bytes";
  const std::string text = R"(ktbench = 1
datasets = "cifar100"
methods = "kd"
[source.given]
model = "resnet"
weights = ")" + file.string() +
                           R"("
[grid.main]
pairs = "given -> vgg8"
)";
  const Plan plan = this->plan(text);
  ASSERT_EQ(plan.trials.size(), 1u);
  EXPECT_EQ(plan.trials[0].spec().sources.at(0).weights, file.string());
  EXPECT_THAT(plan.trials[0].fields(), HasSubstr(sha256_text("bytes")));
  fs::remove(file);
  const Plan without = this->plan(text);
  EXPECT_EQ(without.missing.at(0).kind, "weights");
}

TEST_F(PlanTest, ExceptAndFiltersTakeCellsOut) {
  const std::string text = std::string(kSmall) + "except = [\"dkd vgg13*\"]\n";
  EXPECT_EQ(plan(text).cells.size(), 5u);
  const Plan filtered = make_plan(suite(kSmall), catalogue_, {"cpu", false, {"kd resnet -> *"}});
  EXPECT_EQ(filtered.cells.size(), 1u);
  EXPECT_EQ(filtered.trials.size(), 4u) << "two seeds and their sources";
  EXPECT_THROW(make_plan(suite(kSmall), catalogue_, {"cpu", false, {"nothing"}}), Error);
}

TEST_F(PlanTest, WarnsOfPickingWithoutMeans) {
  const Plan plan = this->plan(R"(ktbench = 1
datasets = "few"
methods = ["scratch", "kd"]
[dataset.few]
plugin = "cifar100"
train = 500
[method.kd]
tune.alpha = [0.1, 0.5]
[recipe]
validation = 0
[[when]]
target = "nothing*"
recipe.batch = 2
[grid.main]
pairs = "resnet -> vgg8"
)");
  std::string all;
  for (const auto& warning : plan.warnings) all += warning + "\n";
  EXPECT_THAT(all, HasSubstr("unequal tuning, configurations tried: kd 2, scratch 1"));
  EXPECT_THAT(all, HasSubstr("few: recipe.validation = 0"));
  EXPECT_THAT(all, HasSubstr("recipe.batch = 2 (line 13) touches no trial"));
}

TEST_F(PlanTest, StoredPlanReadsBackTheSame) {
  const Plan plan = make_plan(read_suite(golden("hub")), catalogue_, {});
  EXPECT_EQ(to_json(plan_from_json(to_json(plan))), to_json(plan));
  EXPECT_EQ(plan_from_json(to_json(plan)).metrics.at("noto"), "top1");
  EXPECT_THROW(plan_from_json(Json::object()), Error);
}

TEST_F(PlanTest, DifferenceOfKeysIsFieldByField) {
  const Json before = {{"recipe", {{"epochs", 2}, {"batch", 8}}}, {"sources", {{{"trial", "a"}}}}};
  Json after = before;
  after["recipe"]["epochs"] = 3;
  after["sources"][0]["trial"] = "b";
  after["extra"] = true;
  EXPECT_THAT(key_difference(before, after),
              ElementsAre("recipe.epochs: 2 -> 3", "sources.0.trial: \"a\" -> \"b\"",
                          "extra: absent -> true"));
  EXPECT_TRUE(key_difference(before, before).empty());
}

}  // namespace
}  // namespace ktb::core
