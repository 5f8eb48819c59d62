#include "launch/machine/mps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/base/error.hpp"
#include "temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using ktb::launch::Mps;
using testing::HasSubstr;

/// With another program of NVIDIA's name ahead of all others.
class MpsTest : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("CUDA_MPS_PIPE_DIRECTORY");
    if (fs::exists("/tmp/nvidia-mps/control")) GTEST_SKIP() << "one runs on this machine";
    path_ = std::getenv("PATH");
    ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
  }
  void TearDown() override {
    if (!path_.empty()) ::setenv("PATH", path_.c_str(), 1);
    ::unsetenv("CUDA_MPS_PIPE_DIRECTORY");
  }

  void program(const std::string& script) const {
    const auto path = folder_.path() / "nvidia-cuda-mps-control";
    std::ofstream(path) << "#!/bin/sh\n" << script;
    fs::permissions(path, fs::perms::owner_all);
  }
  std::string told() const {
    std::ifstream file(folder_.path() / "told");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const ktb::TemporaryFolder folder_;
  std::string path_;
};

TEST_F(MpsTest, RunsForAsLongAsItIsWantedAndIsFoundByAllThatStart) {
  program(
      "if [ \"$1\" = -f ]; then sleep 0.1; touch \"$CUDA_MPS_PIPE_DIRECTORY/control\"; sleep 60; "
      "else cat > " +
      (folder_.path() / "told").string() + "; fi\n");
  std::string pipes;
  {
    const Mps mps;
    pipes = std::getenv("CUDA_MPS_PIPE_DIRECTORY");
    EXPECT_TRUE(fs::exists(pipes + "/control"));
    EXPECT_EQ(told(), "");
    const Mps second;  // uses what runs
    EXPECT_EQ(std::getenv("CUDA_MPS_PIPE_DIRECTORY"), pipes);
  }
  EXPECT_EQ(told(), "quit\n");
  EXPECT_FALSE(fs::exists(pipes));
  EXPECT_EQ(std::getenv("CUDA_MPS_PIPE_DIRECTORY"), nullptr);
}

TEST_F(MpsTest, SaysWhyItDoesNotStart) {
  program("echo 'no device here'; exit 1\n");
  try {
    const Mps mps;
    FAIL() << "it started";
  } catch (const ktb::core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nvidia-cuda-mps-control does not start: no device here"));
  }
  EXPECT_EQ(std::getenv("CUDA_MPS_PIPE_DIRECTORY"), nullptr);
}

}  // namespace
