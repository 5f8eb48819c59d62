#include "launch/progress.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>

#include "core/base/text_file.hpp"
#include "temporary_folder.hpp"

namespace ktb::launch {
namespace {

TEST(Progress, ATrialIsOneLineWhateverItIsCalled) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "out";
  core::Trial trial;
  trial.change([](core::TrialSpec& spec) {
    spec.axes = {{"method", "\x1B[2Jmethod\nof two lines"}, {"pair", "a\t-> b\x07"}};
  });
  core::Record record;
  record.status = core::Status::kFailed;
  record.reason = "\x1B]0;title\x07why\nand more";
  {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(path.c_str(), "w"),
                                                              std::fclose);
    Progress(out.get(), 1).finished(trial, record, 1, std::nullopt);
  }
  EXPECT_EQ(core::read_text(path), "[1/1] method of two lines a -> b? s0   failed   why   1.0 s\n");
}

}  // namespace
}  // namespace ktb::launch
