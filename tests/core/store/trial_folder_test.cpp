#include "core/store/trial_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

TEST(TrialFolder, LiesAmongTheTrialsOfTheResults) {
  EXPECT_EQ(TrialFolder("results", "kd-1").path(), fs::path("results") / "trials" / "kd-1");
  EXPECT_EQ(TrialFolder::all("results"), fs::path("results") / "trials");
}

TEST(TrialFolder, SeesTheWeightsOfItsSources) {
  const TemporaryFolder results;
  const TrialFolder kd(results.path(), "kd-1"), teacher(results.path(), "teacher-1");
  for (const auto& folder : {kd, teacher}) fs::create_directories(folder.path());
  std::ofstream(teacher.weights()) << "weights";
  EXPECT_TRUE(fs::equivalent(kd.beside("teacher-1").weights(), teacher.weights()));
}

/// docs/contracts.md lists every file but the lock, and no other.
TEST(TrialFolder, HasTheFilesOfTheContract) {
  const TrialFolder folder(fs::path("."));
  std::set<std::string> own;
  for (const auto& file :
       {folder.spec(), folder.record(), folder.curve(), folder.samples(), folder.confusion(),
        folder.weights(), folder.checkpoint(), folder.pictures(), folder.predictions(),
        folder.features(), folder.log(), folder.progress()})
    own.insert(file.filename());
  std::ifstream file(KTB_SOURCE_DIR "/docs/contracts.md");
  std::set<std::string> listed;
  bool here = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) here = line.find("A trial's folder") != line.npos;
    if (here && line.starts_with("| `")) listed.insert(line.substr(3, line.find('`', 3) - 3));
  }
  EXPECT_EQ(listed, own);
}

}  // namespace
}  // namespace ktb::core
