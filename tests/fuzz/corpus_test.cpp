// Every file that a fuzzer began with or once found is read or refused, and never more than that.
#include <gtest/gtest.h>

#include <filesystem>

#include "fuzz/targets.hpp"

namespace ktb::fuzz {
namespace {

namespace fs = std::filesystem;

TEST(Corpus, IsReadOrRefused) {
  for (const auto& [name, target] : targets()) {
    const fs::path folder = KTB_SOURCE_DIR "/tests/fuzz/corpus/" + name;
    ASSERT_TRUE(fs::is_directory(folder)) << folder;
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      EXPECT_NO_THROW(run(target, entry.path())) << entry.path();
      ++files;
    }
    EXPECT_GT(files, 0U) << folder;
  }
}

}  // namespace
}  // namespace ktb::fuzz
