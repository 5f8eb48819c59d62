#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/error.hpp"
#include "core/base/text_file.hpp"
#include "core/base/version.hpp"
#include "launch/catalogue.hpp"

namespace {

using namespace ktb;
using core::Json;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// The smallest ELF file that carries a note.
std::string elf_with_note(const std::string& note) {
  const std::string names = std::string("\0.ktb_note\0", 11);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_shoff = sizeof header;
  header.e_shnum = 2;
  header.e_shstrndx = 1;
  Elf64_Shdr sections[2] = {};
  sections[0].sh_name = 1;
  sections[0].sh_flags = SHF_ALLOC;
  sections[0].sh_offset = sizeof header + sizeof sections;
  sections[0].sh_size = note.size();
  sections[1].sh_offset = sections[0].sh_offset + note.size();
  sections[1].sh_size = names.size();
  std::string file(reinterpret_cast<const char*>(&header), sizeof header);
  file.append(reinterpret_cast<const char*>(sections), sizeof sections);
  return file + note + names;
}

/// Counts its calls and answers every question that this test asks.
constexpr auto kWorker = R"(#!/bin/sh
here=$(dirname "$0")
cat > "$here/request"
echo x >> "$here/calls"
cat "$here/answer"
)";

class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest() : root_(testing::TempDir() + "ktb_catalogue_" + std::to_string(::getpid())) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    write("worker", kWorker);
    fs::permissions(root_ + "/worker", fs::perms::owner_all);
    plugin("dataset", "pictures");
    plugin("model", "net", "alias bignet depth=20\n");
    plugin("method", "kd");
    write("data", "12345");
    answer(true);
  }
  ~CatalogueTest() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(root_ + "/" + name) << text;
  }

  void plugin(const std::string& kind, const std::string& name, const std::string& more = "",
              const std::string& abi = std::string(core::host_abi())) {
    write(name + ".so",
          elf_with_note("KTBENCH-PLUGIN-NOTE-1\nkind " + kind + "\nname " + name + "\nabi " + abi +
                        "\nsummary about " + name + "\n" + more + "end\n"));
  }

  void answer(bool found, const std::string& build = std::string(core::build_hash())) {
    core::DescribeAnswers answers;
    auto& data = answers.datasets["d0"];
    data.found = found;
    data.hash = found ? "aa" : "";
    data.files = {core::stamp_of(root_ + "/data")};
    answers.models["m0"].parameters = 7;
    answers.methods["k0"].modes = {core::SourceMode::kTrained};
    answers.pairings.resize(1);
    answers.build = build;
    write("answer", core::write_json(answers).dump());
  }

  launch::WorkerCatalogue catalogue() const {
    return launch::WorkerCatalogue({{root_}, {}, root_ + "/worker", {}, root_ + "/cache"});
  }

  core::DescribeAnswers ask() const { return catalogue().describe(request()); }
  static core::DescribeRequest request() {
    core::DescribeRequest request;
    request.datasets["d0"] = {"pictures"};
    request.models["m0"] = {{"net", {{"depth", 20}}}, "d0", "", "", "", false, {}};
    request.methods["k0"] = {"kd"};
    request.pairings = {{"k0", "d0", "m0", {"m0"}, {core::SourceMode::kTrained}}};
    return request;
  }

  std::size_t calls() const {
    return fs::exists(root_ + "/calls") ? fs::file_size(root_ + "/calls") / 2
                                        : 0;  // two bytes a line
  }
  core::DescribeRequest asked() const {
    const Json json = Json::parse(core::read_text(root_ + "/request"));
    return core::read_json<core::DescribeRequest>({json, "request"});
  }

  std::string root_;
};

TEST_F(CatalogueTest, FindsPluginsByNameAndAlias) {
  auto plugins = catalogue();
  EXPECT_THAT(plugins.names("model"), ElementsAre("bignet", "net"));
  const auto file = plugins.find("model", "bignet");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->name, "net");
  EXPECT_EQ(file->preset, Json({{"depth", 20}}));
  EXPECT_EQ(file->hash.size(), 64U);
  EXPECT_FALSE(plugins.find("model", "kd"));
}

TEST_F(CatalogueTest, AsksAboutThingsOnce) {
  const auto first = ask();
  EXPECT_EQ(first.models.at("m0").parameters, 7);
  EXPECT_EQ(calls(), 1U);
  EXPECT_EQ(core::write_json(ask().pairings), core::write_json(first.pairings));
  EXPECT_EQ(core::write_json(ask().datasets), core::write_json(first.datasets));
  EXPECT_EQ(calls(), 1U);
}

TEST_F(CatalogueTest, AsksAgainOnlyWhatAChangedFileConcerns) {
  ask();
  plugin("method", "kd", "citation somebody\n");
  ask();
  EXPECT_EQ(calls(), 2U);
  EXPECT_EQ(asked().pairings.size(), 1U);  // it depends on the method
  EXPECT_TRUE(asked().models.contains("m0"));
}

TEST_F(CatalogueTest, ADataFileThatChangesIsAskedAboutAgain) {
  ask();
  write("data", "123456");
  ask();
  EXPECT_EQ(calls(), 2U);
}

TEST_F(CatalogueTest, ADataFileOfEqualSizeAndTimeIsAskedAboutAgain) {
  ask();
  const auto time = fs::last_write_time(root_ + "/data");
  write("data", "54321");
  fs::last_write_time(root_ + "/data", time);
  ask();
  EXPECT_EQ(calls(), 2U);
}

TEST_F(CatalogueTest, ACacheThatNobodyWroteIsDroppedAndSaid) {
  ask();
  const std::string deep(100'000, '[');
  for (const std::string& text :
       {deep, std::string(R"({"worker": 7, "datasets": []})"), std::string("\xFF\x00{", 3)}) {
    write("cache/describe.json", text);
    write("cache/plugins.json", text);
    testing::internal::CaptureStderr();
    EXPECT_EQ(ask().models.size(), 1U);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("left out and made anew"));
  }
  EXPECT_EQ(calls(), 4U);
}

TEST_F(CatalogueTest, GeneratedDataAreAskedAboutAgainOnceFilesMayHaveCome) {
  Json json = Json::parse(core::read_text(root_ + "/answer"));
  Json& data = json.at("datasets").at("d0");
  data["files"] = Json::array();
  data["watched"] = Json::array({core::write_json(core::stamp_of(root_ + "/later"))});
  write("answer", json.dump());
  ask();
  ask();
  EXPECT_EQ(calls(), 1U);
  fs::create_directory(root_ + "/later");
  ask();
  EXPECT_EQ(calls(), 2U);
}

TEST_F(CatalogueTest, MissingDataAreAskedAboutAgainTheNextTime) {
  answer(false);
  ask();
  ask();
  EXPECT_EQ(calls(), 2U);
  EXPECT_TRUE(asked().models.empty());
}

TEST_F(CatalogueTest, AnotherWorkerIsAskedAnew) {
  ask();
  write("worker", std::string(kWorker) + "# built anew\n");
  ask();
  EXPECT_EQ(calls(), 2U);
}

TEST_F(CatalogueTest, AWorkerOfAnotherBuildIsRefused) {
  answer(true, "123456789abc");
  try {
    ask();
    FAIL() << "it was believed";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("another build of the harness (123456789abc) than this "
                                        "ktbench (" +
                                        std::string(core::build_hash()) + ")"));
  }
}

TEST_F(CatalogueTest, TheAbiKeyIsNotInAPluginsHash) {
  const auto hash = [&] { return core::plugin_hash(root_ + "/kd.so"); };
  const auto before = hash();
  plugin("method", "kd", "", "sdk=123456789abc torch=2.11.0");
  EXPECT_EQ(hash(), before);
  plugin("method", "kd", "citation somebody\n");
  EXPECT_NE(hash(), before);
}

TEST_F(CatalogueTest, AnUnlikeAbiNamesBothValues) {
  plugin("method", "old", "", "sdk=0 torch=1.0");
  auto plugins = catalogue();
  try {
    plugins.find("method", "old");
    FAIL() << "it was taken";
  } catch (const core::PluginError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot load plugin `old`"));
    EXPECT_THAT(error.what(),
                HasSubstr("torch: plugin 1.0, this ktbench " + std::string(core::torch_version())));
  }
}

TEST_F(CatalogueTest, AFileWithoutANoteIsSaidToBeOne) {
  write("broken.so", "nothing");
  auto plugins = catalogue();
  EXPECT_THROW(plugins.find("method", "broken"), core::PluginError);
}

TEST_F(CatalogueTest, AWorkerThatFailsIsAnError) {
  write("worker", "#!/bin/sh\necho no torch >&2\nexit 1\n");
  try {
    ask();
    FAIL() << "it was believed";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("exit code 1"));
    EXPECT_THAT(error.what(), HasSubstr("no torch"));
  }
}

}  // namespace
