#include "core/base/text_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <iterator>

#include "core/base/error.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TextFile : public ::testing::Test {
 protected:
  const TemporaryFolder folder_;
};

TEST_F(TextFile, LeavesNoTemporaryFile) {
  write_atomically(folder_.path() / "file", "one");
  write_atomically(folder_.path() / "file", "two");
  EXPECT_EQ(read_text(folder_.path() / "file"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(TextFile, AFailedWriteLeavesTheOldFile) {
  write_atomically(folder_.path() / "file", "old");
  // a limit on the size of files stands for a full disk
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message;
  try {
    write_atomically(folder_.path() / "file", std::string(100000, 'x'));
  } catch (const Error& error) {
    message = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, HasSubstr("cannot write " + (folder_.path() / "file").string()));
  EXPECT_EQ(read_text(folder_.path() / "file"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(TextFile, InPiecesIsThereOnceItIsFinished) {
  const fs::path path = folder_.path() / "file";
  write_atomically(path, "old");
  {
    AtomicFile given_up(path);
    given_up.write("half");
  }
  EXPECT_EQ(read_text(path), "old");
  AtomicFile file(path);
  file.write("one ");
  file.write("two");
  EXPECT_EQ(read_text(path), "old");
  file.finish();
  EXPECT_EQ(read_text(path), "one two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(TextFile, WritingIntoNoFolderNamesTheFile) {
  EXPECT_THROW(write_atomically(folder_.path() / "none" / "file", "x"), Error);
}

TEST_F(TextFile, ThatIsMissingIsNamed) {
  EXPECT_THAT([&] { read_text(folder_.path() / "file"); },
              ::testing::ThrowsMessage<Error>(HasSubstr((folder_.path() / "file").string())));
}

}  // namespace
}  // namespace ktb::core
