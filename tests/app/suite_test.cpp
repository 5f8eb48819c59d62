// What a user does with a suite, through the real binaries: run it, run it again, change it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "core/base/digest.hpp"
#include "core/base/json.hpp"
#include "core/base/version.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using core::Json;
using testing::AllOf;
using testing::HasSubstr;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A folder with suites over the data set that tests make, and their results.
class SuiteFolder {
 public:
  /// `kd` is the table of options of method kd; `name` lets several suites share the results.
  void write_suite(const std::string& kd = "", const std::string& name = "suite",
                   const std::string& methods = R"(["scratch", "kd", "rkd", "mergenet"])") const {
    std::ofstream(folder_ / (name + ".toml"))
        << "ktbench = 1\ntitle = \"Shapes\"\nseeds = 2\n"
        << "datasets = \"shapes\"\nmethods = " << methods << R"(
[recipe]
epochs = 2
batch = 32
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
[method.kd]
)" << kd << kPairAndTable;
  }

  Outcome ktbench(const std::string& verb, const std::string& rest = "",
                  const std::string& name = "suite") const {
    return run_command(KTB_BIN_DIR "/ktbench " + verb + " " +
                       (folder_ / (name + ".toml")).string() + " " + rest +
                       " --plugins " KTB_TEST_PLUGIN_DIR " --results " + results().string());
  }

  std::map<std::string, fs::file_time_type> records() const {
    std::map<std::string, fs::file_time_type> out;
    for (const auto& entry : fs::directory_iterator(results() / "trials"))
      if (const auto file = entry.path() / "record.json"; fs::exists(file))
        out[entry.path().filename()] = fs::last_write_time(file);
    return out;
  }

  fs::path results() const { return folder_ / "results"; }
  std::string suite() const { return (folder_ / "suite.toml").string(); }

 private:
  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

/// Each test goes on from the same first run, on a copy of its results.
class SlowSuites : public testing::Test, protected SuiteFolder {
 protected:
  static void SetUpTestSuite() {
    ran_ = std::make_unique<SuiteFolder>();
    ran_->write_suite();
    first_ = ran_->ktbench("run");
  }
  static void TearDownTestSuite() { ran_.reset(); }

  void SetUp() override {
    ASSERT_EQ(first_.code, 0) << first_.text;
    write_suite();
    fs::copy(ran_->results(), results(), fs::copy_options::recursive);
    before_ = records();
    ASSERT_EQ(before_.size(), 10U) << "two seeds of a source and of four methods";
  }

  inline static std::unique_ptr<SuiteFolder> ran_;
  inline static Outcome first_;
  std::map<std::string, fs::file_time_type> before_;
};

TEST_F(SlowSuites, ASecondRunTrainsNothingAndPrintsTheSameTable) {
  const auto second = ktbench("run");
  EXPECT_EQ(second.code, 0) << second.text;
  EXPECT_EQ(records(), before_);
  EXPECT_THAT(second.text, HasSubstr("0 holes"));
  EXPECT_EQ(table_of(second.text), table_of(first_.text));
}

TEST_F(SlowSuites, AChangedOptionRunsOnlyThatMethodAgain) {
  write_suite("temperature = 2.0");
  const auto [code, text] = ktbench("run");
  EXPECT_EQ(code, 0) << text;
  std::size_t fresh = 0;
  for (const auto& [id, time] : records()) {
    if (before_.contains(id)) {
      EXPECT_EQ(before_.at(id), time) << id << " ran again";
    } else {
      EXPECT_EQ(id.rfind("kd-", 0), 0U) << id;
      ++fresh;
    }
  }
  EXPECT_EQ(fresh, 2U) << "one trial a seed";
}

TEST_F(SlowSuites, TwoShareTheTrialsInWhichTheyOverlap) {
  write_suite("", "other", R"(["scratch", "kd", "share"])");
  const auto [code, text] = ktbench("run", "", "other");
  EXPECT_EQ(code, 0) << text;
  for (const auto& [id, time] : records()) {
    if (!before_.contains(id)) {
      EXPECT_EQ(id.rfind("share-", 0), 0U) << id;
    }
  }
}

TEST_F(SlowSuites, ATrialRunAgainComesOutTheSame) {
  for (const char* method : {"scratch", "kd", "mergenet"}) {
    const auto [code, text] =
        ktbench("rerun", std::string(method) +
                             (method == std::string("scratch") ? " narrow" : " 'wide -> narrow'"));
    EXPECT_EQ(code, 0) << text;
    EXPECT_THAT(text, HasSubstr("identical")) << method;
  }
}

TEST_F(SlowSuites, ARerunTakesAsManyThreadsAsTheFirstTime) {
  for (const auto& [id, time] : records()) {
    const fs::path file = results() / "trials" / id / "record.json";
    Json record = Json::parse(read(file));
    EXPECT_EQ(record["provenance"]["threads"], 1);
    record["provenance"]["threads"] = 2;
    std::ofstream(file) << record.dump();
  }
  EXPECT_THAT(ktbench("rerun", "kd 'wide -> narrow'").text, HasSubstr("again, 2 threads"));
  EXPECT_THAT(ktbench("rerun", "kd 'wide -> narrow' --threads 1").text,
              HasSubstr("again, 1 threads"));
}

constexpr const char* kFormer = "0123456789ab";  // an earlier build

/// Keys what is stored as an earlier build would have done.
void make_former(const fs::path& results) {
  std::map<std::string, Json> trials;
  for (const auto& entry : fs::directory_iterator(results / "trials"))
    trials[entry.path().filename()] = Json::parse(read(entry.path() / "trial.json"));
  std::map<std::string, std::string> ids, keys;  // now -> then
  const std::function<void(const std::string&)> rename = [&](const std::string& id) {
    if (ids.contains(id)) return;
    Json spec = trials.at(id);
    spec["build"] = spec["fields"]["build"] = kFormer;
    for (std::size_t i = 0; i < spec["sources"].size(); ++i) {
      const std::string source = spec["sources"][i]["trial"];
      if (source.empty()) continue;  // a fresh one
      rename(source);
      spec["sources"][i]["trial"] = ids.at(source);
      Json& key = spec["fields"]["sources"][i]["trial"];
      key = keys.at(key.get<std::string>());
    }
    const std::string key = core::sha256_text(spec["fields"].dump());
    ids[id] = id.substr(0, id.size() - 12) + key.substr(0, 12);
    keys[trials.at(id)["key"]] = key;
    const fs::path folder = results / "trials" / ids.at(id);
    fs::rename(results / "trials" / id, folder);
    Json record = Json::parse(read(folder / "record.json"));
    for (Json* json : {&spec, &record}) {
      (*json)["id"] = ids.at(id);
      (*json)["key"] = key;
    }
    std::ofstream(folder / "trial.json") << spec.dump();
    std::ofstream(folder / "record.json") << record.dump();
  };
  for (const auto& [id, spec] : trials) rename(id);
}

TEST_F(SlowSuites, TrialsOfAnotherBuildAreStaleUnlessTheyAreAccepted) {
  make_former(results());
  const auto former = records();
  const std::string now(core::build_hash());
  EXPECT_THAT(ktbench("plan").text, HasSubstr("; 0 cached"));
  for (const char* cell : {"scratch narrow", "kd 'wide -> narrow'"})
    EXPECT_THAT(
        ktbench("why", cell).text,
        HasSubstr("the harness' code that decides numbers changed: build 0123456789ab -> " + now));
  const std::string how = "made by another build of the harness (0123456789ab, now " + now + ")";
  const auto planned = ktbench("plan", "--accept build").text;
  EXPECT_THAT(planned, HasSubstr("; 10 cached"));
  EXPECT_THAT(planned, HasSubstr("accept  10 trials " + how));
  EXPECT_THAT(ktbench("plan", "--accept libtorch").text, HasSubstr("; 0 cached"));
  const auto ran = ktbench("run", "--accept build");
  EXPECT_EQ(ran.code, 0) << ran.text;
  EXPECT_EQ(records(), former) << "nothing was trained";
  EXPECT_THAT(ktbench("report", "--format csv").text, HasSubstr("accepted: " + how));
  EXPECT_THAT(ktbench("status").text, HasSubstr("10 trials: 10 ok\naccept  10 trials " + how));
  EXPECT_EQ(ktbench("run", "--accept build --fresh").code, 2) << "either or";
}

TEST_F(SlowSuites, TwoFoldersOfTheSameTrialsAreCompared) {
  const fs::path other = results().parent_path() / "other";
  fs::copy(results(), other, fs::copy_options::recursive);
  const std::string command =
      KTB_BIN_DIR "/ktbench compare " + results().string() + " " + other.string();
  const auto same = run_command(command);
  EXPECT_EQ(same.code, 0) << same.text;
  EXPECT_THAT(same.text,
              HasSubstr("10 trials in both: 10 identical, 0 equal within 1e-06, 0 diff"));
  const fs::path file = other / "trials" / before_.begin()->first / "record.json";
  Json record = Json::parse(read(file));
  record["metrics"]["loss"] = 9.5;
  record["provenance"]["threads"] = 2;
  std::ofstream(file) << record.dump();
  const auto changed = run_command(command);
  EXPECT_EQ(changed.code, 1) << changed.text;
  EXPECT_THAT(changed.text, HasSubstr("different  " + before_.begin()->first));
  EXPECT_THAT(changed.text, HasSubstr("-> 9.5\n  because of threads: 1 -> 2"));
  EXPECT_THAT(changed.text, HasSubstr("9 identical, 0 equal within 1e-06, 1 different"));
  EXPECT_EQ(run_command(command + " --tolerance 10").code, 0);
  fs::remove_all(other);
  fs::copy(results(), other, fs::copy_options::recursive);
  make_former(other);
  EXPECT_THAT(run_command(command).text, HasSubstr("10 trials in both: 10 identical")) << "twins";
  EXPECT_EQ(run_command(KTB_BIN_DIR "/ktbench compare / " + other.string()).code, 2);
}

TEST_F(SlowSuites, AColleaguesResultsAreTakenOver) {
  const fs::path other = results().parent_path() / "other";
  const std::string command =
      KTB_BIN_DIR "/ktbench import " + results().string() + " --results " + other.string();
  EXPECT_THAT(run_command(command + " --dry-run").text, HasSubstr("10 trials would be taken"));
  EXPECT_FALSE(fs::exists(other));
  const auto taken = run_command(command);
  EXPECT_EQ(taken.code, 0) << taken.text;
  EXPECT_THAT(run_command(KTB_BIN_DIR "/ktbench plan " + suite() +
                          " --plugins " KTB_TEST_PLUGIN_DIR " --results " + other.string())
                  .text,
              HasSubstr("; 10 cached"));
  EXPECT_THAT(run_command(command).text, HasSubstr("0 trials taken, 10 were here already"));
}

TEST_F(SlowSuites, CleaningTakesWhatNoProfilePlansNorLastRan) {
  write_suite("temperature = 2.0");
  EXPECT_THAT(ktbench("clean").text, HasSubstr("10 trials are needed; 0 are needed by none"));
  ASSERT_EQ(ktbench("run").code, 0);
  const auto listed = ktbench("clean").text;
  EXPECT_THAT(listed, HasSubstr("10 trials are needed; 2 are needed by none of these suites"));
  EXPECT_THAT(listed, HasSubstr("Nothing was deleted"));
  EXPECT_EQ(records().size(), 12U);
  EXPECT_THAT(ktbench("clean", "--delete").text, HasSubstr("; 2 were deleted"));
  EXPECT_EQ(records().size(), 10U);
  EXPECT_THAT(ktbench("plan").text, HasSubstr("; 10 cached"));
}

TEST_F(SlowSuites, ARerunWithoutARecordOfItsOwnSaysWhatElseMadeTheFirst) {
  make_former(results());
  EXPECT_THAT(ktbench("rerun", "scratch narrow").text,
              AllOf(HasSubstr("it has no record yet; the first run is scratch-mlp-shapes-s0-"),
                    HasSubstr("identical")));
}

TEST_F(SlowSuites, RecordsSayWhoMadeThem) {
  const Json record =
      Json::parse(read(results() / "trials" / before_.begin()->first / "record.json"));
  for (const char* member :
       {"cpu", "instructions", "threads", "torch", "libc", "compiler", "build"})
    EXPECT_TRUE(record["provenance"].contains(member)) << member;
  EXPECT_THAT(record["provenance"]["revision"].get<std::string>(),
              testing::MatchesRegex("[0-9a-f]{40}(-dirty)?|built outside git"));
}

TEST_F(SlowSuites, AWorkerRefusesATrialOfAnotherBuild) {
  const fs::path folder = results() / "trials" / before_.begin()->first;
  Json spec = Json::parse(read(folder / "trial.json"));
  spec["build"] = kFormer;
  std::ofstream(folder / "trial.json") << spec.dump();
  const auto [code, text] = run_command(KTB_BIN_DIR "/ktbench-worker trial " + folder.string() +
                                        " --plugins " KTB_TEST_PLUGIN_DIR);
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("planned for build 0123456789ab of the harness, and this "
                              "ktbench-worker is of build " +
                              std::string(core::build_hash())));
  EXPECT_EQ(Json::parse(read(folder / "record.json"))["status"], "failed");
}

/// Records of CIFAR-100's binary layout with random pixels: two labels, then 3,072 bytes.
void write_cifar100(const fs::path& file, int records) {
  std::ofstream out(file, std::ios::binary);
  std::uint32_t state = 1;
  for (int i = 0; i < records; ++i) {
    out.put(static_cast<char>(i % 20)).put(static_cast<char>(i % 100));
    for (int pixel = 0; pixel < 3072; ++pixel) {
      state = state * 1664525U + 1013904223U;
      out.put(static_cast<char>(state >> 24));
    }
  }
}

/// The released experiment at full size: ResNet-50, MobileNetV2, batches of 128. Two steps: the
/// first transfers, the second does not.
TEST(CrossStructure, SlowThePaperProfileTakesATransferAndAnOrdinaryStepOnACpu) {
  const TemporaryFolder own;
  const auto& folder = own.path();
  fs::create_directories(folder / "data" / "cifar-100-binary");
  write_cifar100(folder / "data" / "cifar-100-binary" / "train.bin", 300);
  write_cifar100(folder / "data" / "cifar-100-binary" / "test.bin", 100);
  const auto [code, text] =
      run_command(KTB_BIN_DIR "/ktbench run " KTB_SOURCE_DIR
                              "/suites/mergenet/cross_structure.toml --profile "
                              "paper --smoke --set seeds=1 --set dataset.images.verify=false "
                              "--filter 'mergenet r50 -> mv2' "
                              "-j1 --threads 2 --data-dir " +
                  (folder / "data").string() + " --results " + (folder / "results").string());
  EXPECT_EQ(code, 0) << text;
  Json record;
  for (const auto& entry : fs::directory_iterator(folder / "results" / "trials"))
    if (entry.path().filename().string().rfind("mergenet-", 0) == 0)
      record = Json::parse(read(entry.path() / "record.json"), nullptr, false);
  ASSERT_TRUE(record.is_object()) << text;
  EXPECT_EQ(record.at("status"), "ok") << record.at("reason");
  EXPECT_EQ(record.at("selected").at("step"), 2);
  EXPECT_EQ(record.at("parameters").at("extra"), 37'633'920);
  EXPECT_EQ(record.at("parameters").at("deployed"), 2'369'380);
}

TEST(List, NeedsNoTorch) {
  const auto [code, text] = run_command("ldd " KTB_BIN_DIR "/ktbench");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, testing::Not(HasSubstr("torch")));
}

}  // namespace
}  // namespace ktb::tests
