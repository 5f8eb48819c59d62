// What enters a trial's key, and what never does. The folder of results, threads and the number of
// jobs cannot: nobody tells `make_plan()` of them.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/fake_catalogue.hpp"
#include "core/plan/explain.hpp"
#include "core/plan/make_plan.hpp"
#include "core/suite/read_suite.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Random = std::mt19937;

std::size_t up_to(Random& random, std::size_t most) { return random() % (most + 1); }

/// What a suite asks for, in numbers: names and order are given to it when it is written down.
struct Wanted {
  std::size_t seeds = 1;
  std::vector<std::string> labels;
  std::vector<std::string> datasets, models, methods;  ///< bodies of their sections
  std::vector<std::vector<std::size_t>> pairs;         ///< source, target, the source's data set
  std::size_t whose_batch = 0;                         ///< the method of a rule
};

Wanted any(Random& random) {
  const auto one_of = [&](const std::vector<std::string>& texts) {
    return texts[up_to(random, texts.size() - 1)];
  };
  Wanted wanted;
  wanted.seeds = 1 + up_to(random, 2);
  wanted.labels = up_to(random, 1) ? std::vector<std::string>{"1.0"}
                                   : std::vector<std::string>{"0.1", "0.5", "1.0"};
  for (std::size_t i = 0; i < 1 + up_to(random, 1); ++i)
    wanted.datasets.push_back(
        one_of({"plugin = 'cifar100'", "plugin = 'fashion_mnist'",
                "plugin = 'fashion_mnist'; train = 400; augment = ['flip']"}));
  for (std::size_t i = 0; i < 2 + up_to(random, 2); ++i)
    wanted.models.push_back(fmt::format(
        "{}", one_of({"plugin = 'vgg8'", "plugin = 'resnet20'", "plugin = 'resnet'; depth = 56",
                      "plugin = 'mobilenetv2'; width = 0.5", "plugin = 'vit'"})));
  for (std::size_t i = 0; i < 1 + up_to(random, 3); ++i)
    wanted.methods.push_back(
        one_of({"plugin = 'kd'", "plugin = 'kd'; temperature = 2", "plugin = 'dkd'; beta = 2.0",
                "plugin = 'finetune'", "plugin = 'fitnet'; recipe.epochs = 'x2'",
                "plugin = 'rkd'; source = 'trained-joint'"}));
  for (std::size_t i = 0; i < 1 + up_to(random, 3); ++i)
    wanted.pairs.push_back({up_to(random, wanted.models.size() - 1),
                            up_to(random, wanted.models.size() - 1),
                            up_to(random, wanted.datasets.size() - 1)});
  wanted.whose_batch = up_to(random, wanted.methods.size() - 1);
  return wanted;
}

/// Writes suites down, each time with other names, labels, order and tables.
class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  std::string write(Wanted wanted) {
    const auto datasets = names(wanted.datasets.size()), models = names(wanted.models.size()),
               methods = names(wanted.methods.size());
    std::vector<std::string> pairs, quoted;
    for (const auto& pair : wanted.pairs)
      pairs.push_back(
          fmt::format("'{}@{} -> {}'", models[pair[0]], datasets[pair[2]], models[pair[1]]));
    for (const auto& method : methods) quoted.push_back("'" + method + "'");
    quoted.push_back("'scratch'");
    std::vector<std::string> seeds, places;
    for (std::size_t i = 0; i < wanted.seeds; ++i) seeds.push_back(std::to_string(i));
    for (const auto& dataset : datasets) places.push_back("'" + dataset + "'");
    std::vector<std::string> parts = {
        fmt::format("[recipe]\n{}", lines("epochs = 3; batch = 32; clip = 1.0")),
        fmt::format("[[when]]\nmethod = '{}'\nrecipe.batch = 16\n", methods[wanted.whose_batch]),
        fmt::format(
            "[grid.{}]\n{}", name(),
            lines(fmt::format("pairs = [{}]; methods = [{}]; datasets = [{}]; labels = [{}]",
                              mixed(pairs), mixed(quoted), mixed(places), mixed(wanted.labels)))),
        fmt::format("[table.{}]\nrows = [{}]\ncols = [{}]\n", name(), mixed({"'method'", "'pair'"}),
                    mixed({"'dataset'", "'labels'"})),
        fmt::format("[limits]\nseconds = {}\n", 1 + up_to(random_, 100))};
    add("dataset", datasets, wanted.datasets, "", parts);
    add("model", models, wanted.models, "label", parts);
    add("method", methods, wanted.methods, "label", parts);
    shuffle(parts);
    return fmt::format("ktbench = 1\ntitle = '{}'\nseeds = [{}]\n{}", name(), mixed(seeds),
                       fmt::join(parts, ""));
  }

 private:
  std::string name() {
    std::string text = "n";
    for (int i = 0; i < 6; ++i) text += static_cast<char>('a' + up_to(random_, 25));
    return text;
  }
  std::vector<std::string> names(std::size_t count) {
    std::vector<std::string> all(count);
    for (auto& one : all) one = name();
    return all;
  }
  template <class T>
  void shuffle(std::vector<T>& all) {
    std::shuffle(all.begin(), all.end(), random_);
  }
  std::string mixed(std::vector<std::string> all) {
    shuffle(all);
    return fmt::format("{}", fmt::join(all, ", "));
  }
  /// `a; b` as two lines in any order.
  std::string lines(const std::string& body) {
    std::vector<std::string> all;
    for (std::size_t at = 0; at < body.size();) {
      const auto end = std::min(body.find("; ", at), body.size());
      all.push_back(body.substr(at, end - at) + "\n");
      at = end + 2;
    }
    shuffle(all);
    return fmt::format("{}", fmt::join(all, ""));
  }
  void add(const char* kind, const std::vector<std::string>& names,
           const std::vector<std::string>& bodies, const std::string& label,
           std::vector<std::string>& parts) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool shown = !label.empty() && up_to(random_, 1) == 1;
      parts.push_back(fmt::format("[{}.{}]\n{}{}", kind, names[i], lines(bodies[i]),
                                  shown ? fmt::format("label = '{}'\n", name()) : ""));
    }
  }

  Random& random_;
};

class KeyTest : public testing::Test {
 protected:
  Plan plan(const std::string& text, const PlanOptions& options = {}) {
    const TemporaryFolder folder;
    const auto path = folder.path() / fmt::format("suite{}.toml", ++written_);
    std::ofstream(path) << text;
    return make_plan(read_suite(path, "", {}), catalogue_, options);
  }

  static std::set<std::string> keys(const Plan& plan) {
    std::set<std::string> out;
    for (const auto& trial : plan.trials) out.insert(trial.key);
    return out;
  }

  FakeCatalogue catalogue_ = full_catalogue();
  int written_ = 0;
};

TEST_F(KeyTest, NamesLabelsAndOrderAreInNoKey) {
  Random random(7);
  Writer writer(random);
  std::set<std::set<std::string>> different;
  for (int i = 0; i < 100; ++i) {
    const Wanted wanted = any(random);
    const std::string one = writer.write(wanted), other = writer.write(wanted);
    const auto keys = this->keys(plan(one));
    ASSERT_EQ(keys, this->keys(plan(other))) << one << "\n---\n" << other;
    ASSERT_FALSE(keys.empty());
    different.insert(keys);
  }
  EXPECT_GT(different.size(), 80U) << "unlike suites have unlike keys";
}

constexpr const char* kSmall = R"(ktbench = 1
seeds = 2
datasets = "cifar100"
methods = ["scratch", "kd"]
[grid.main]
pairs = ["resnet -> vgg8"]
)";

TEST_F(KeyTest, AnotherBuildOrLibTorchMakesEveryTrialAnother) {
  PlanOptions now, later, torch;
  later.build = "5678";
  torch.torch = "9.9";
  std::set<std::string> all;
  std::size_t count = 0;
  for (const auto& options : {now, later, torch}) {
    const auto made = keys(plan(kSmall, options));
    count += made.size();
    all.insert(made.begin(), made.end());
  }
  EXPECT_EQ(all.size(), count);
  for (const auto& trial : plan(kSmall, later).trials) {
    EXPECT_EQ(Json::parse(trial.fields())["build"], "5678");
    EXPECT_EQ(trial.spec().build, "5678");
  }
  EXPECT_EQ(Json::parse(plan(kSmall).trials[0].fields())["build"], build_hash());
}

/// Records of years hang on these texts: whoever changes them makes every stored trial stale.
TEST_F(KeyTest, ItsTextStaysAsItIs) {
  PlanOptions options;
  options.build = "0123";
  options.torch = "2.11.0";
  const Plan pinned = plan(R"(ktbench = 1
datasets = "pictures"
[dataset.pictures]
plugin = "cifar100"
train = 400
augment = ["crop4", "flip"]
[model.teacher]
plugin = "resnet20"
from = "layer3"
[source.turned]
model = "teacher"
task = "rotation"
recipe.epochs = 2
[method.both]
plugin = "kd"
source = "trained-joint"
plus = { dkd = 0.5 }
[recipe]
steps = 7
optimizer = "adamw"
schedule = { name = "step", every = 3 }
precision = "bf16"
select = "best-validation"
validation = 0.2
[grid.main]
methods = "both"
pairs = "turned -> vgg8"
labels = 0.5
)",
                           options);
  ASSERT_EQ(pinned.trials.size(), 2);
  EXPECT_EQ(pinned.trials[0].fields(),
            R"({"build":"0123","device":"cpu","method":{"options":{},"plugin":"hash of scratch"},)"
            R"("plus":[],"recipe":{"batch":128,"channels_last":true,"clip":0.0,)"
            R"("deterministic":true,"epochs":2,)"
            R"("optimizer":{"betas":[0.9,0.999],"eps":1e-08,"lr":0.001,"momentum":0.0,)"
            R"("name":"adamw","nesterov":false,"weight_decay":0.01},"precision":"bf16",)"
            R"("schedule":{"anneal":"cosine","at":[],"end_div":10000.0,)"
            R"("every":3.0,"gamma":0.1,"min":0.0,"momentum":[0.85,0.95],)"
            R"("name":"step","rise":0.3,"start_div":25.0,"three_phase":false,"warmup":0.0,)"
            R"("warmup_from":0.1},"select":"best-validation","steps":0,"validation":0.2},)"
            R"("schema":1,"seed":0,"smoke":false,"sources":[],"target":{"options":{"depth":20,)"
            R"("width":1},"plugin":"hash of resnet","weights":""},"task":{"augment":["crop4",)"
            R"("flip"],"data":"data of cifar100","labels":1.0,"options":{},)"
            R"("plugin":"hash of cifar100","task":"rotation","test":0,"train":400},)"
            R"("torch":"2.11.0"})");
  EXPECT_EQ(
      pinned.trials[1].fields(),
      R"({"build":"0123","device":"cpu","method":{"options":{"alpha":0.9,"temperature":4.0},)"
      R"("plugin":"hash of kd"},"plus":[{"options":{"alpha":1.0,"beta":8.0,)"
      R"("temperature":4.0},"plugin":"hash of dkd","weight":0.5}],"recipe":{"batch":128,)"
      R"("channels_last":true,"clip":0.0,"deterministic":true,"epochs":0,"optimizer":{"betas":[0.9,0.999],)"
      R"("eps":1e-08,"lr":0.001,"momentum":0.0,"name":"adamw","nesterov":false,)"
      R"("weight_decay":0.01},"precision":"bf16","schedule":{"anneal":"cosine","at":[],"end_div":10000.0,)"
      R"("every":3.0,"gamma":0.1,)"
      R"("min":0.0,"momentum":[0.85,0.95],)"
      R"("name":"step","rise":0.3,"start_div":25.0,"three_phase":false,"warmup":0.0,"warmup_from":0.1},"select":"best-validation",)"
      R"("steps":7,"validation":0.2},"schema":1,"seed":0,"sites":[[],[]],"smoke":false,)"
      R"("sources":[{"from":["layer3"],"into":[],"mode":"trained-joint",)"
      R"("trial":"1076c5ad2d6bdbd84db1aab2acb3439c1e4c06843c427213324865cb633208f1"}],)"
      R"("target":{"options":{},"plugin":"hash of vgg8","weights":""},)"
      R"("task":{"augment":["crop4","flip"],"data":"data of cifar100","labels":0.5,)"
      R"("options":{},"plugin":"hash of cifar100","task":"","test":0,"train":400},)"
      R"("torch":"2.11.0"})");
}

/// How frozen sources are computed: a source's own training has none, so it is not repeated.
TEST_F(KeyTest, FrozenDecidesOnlyWhereThereIsAFrozenSource) {
  const auto fields = [&](const std::string& frozen, const std::string& mode) {
    std::vector<Json> all;
    const std::string suite = R"(ktbench = 1
datasets = "pictures"
[dataset.pictures]
plugin = "cifar100"
[method.taught]
plugin = "rkd"
source = ")" + mode + R"("
[recipe]
frozen = ")" + frozen + R"("
[grid.main]
methods = ["scratch", "taught"]
pairs = "resnet20 -> vgg8"
)";
    for (const auto& trial : plan(suite).trials) all.push_back(Json::parse(trial.fields()));
    return all;
  };
  const auto plain = fields("plain", "trained"), folded = fields("folded", "trained");
  ASSERT_EQ(plain.size(), folded.size());
  std::size_t others = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_FALSE(plain[i].contains("frozen"));
    if (!folded[i].contains("frozen")) continue;
    ++others;
    EXPECT_EQ(folded[i]["frozen"], "folded");
    EXPECT_FALSE(folded[i]["sources"].empty());
    EXPECT_THAT(key_difference(plain[i], folded[i]), testing::SizeIs(1));
  }
  EXPECT_EQ(others, 1);
  EXPECT_EQ(fields("plain", "trained-joint"), fields("bf16", "trained-joint"));
}

TEST_F(KeyTest, TheHashOfTheHeadersIsInNoKey) {
  for (const auto& trial : plan(kSmall).trials)
    EXPECT_THAT(trial.fields(), testing::Not(HasSubstr(std::string(sdk_hash()))));
}

TEST_F(KeyTest, AnotherBuildIsToldInWords) {
  PlanOptions before, after;
  before.build = "1234";
  before.torch = "2.10.0";
  after.build = "5678";
  after.torch = "2.11.0";
  const auto fields = [&](const PlanOptions& options) {
    return Json::parse(plan(kSmall, options).trials[0].fields());
  };
  EXPECT_THAT(key_difference(fields(before), fields(after)),
              ElementsAre("the harness' code that decides numbers changed: build 1234 -> 5678",
                          "LibTorch changed: 2.10.0 -> 2.11.0"));
}

}  // namespace
}  // namespace ktb::core
