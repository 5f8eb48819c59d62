#include "launch/machine/libtorch.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/error.hpp"
#include "core/base/version.hpp"
#include "temporary_folder.hpp"
#include "variable.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

/// A tree of ktbench in a folder of its own, nothing named, and a python3 that has no torch.
struct Libtorch : testing::Test {
  Libtorch() { python(""); }

  /// A folder that looks like LibTorch, and says its version as a package or an archive does.
  fs::path libtorch(const fs::path& at, const std::string& text,
                    const std::string& file = "version.py") const {
    const auto root = place.path() / at;
    fs::create_directories(root / "lib");
    std::ofstream(root / "lib/libtorch_cpu.so") << "code";
    if (!text.empty()) std::ofstream(root / file) << text;
    return root;
  }
  fs::path libtorch(const fs::path& at) const {
    return libtorch(at, "from typing import Optional\n__version__ = '" + ours + "+cu130'\n");
  }
  void python(const std::string& prints) const {
    const auto file = place.path() / "bin/python3";
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "#!/bin/sh\necho good morning\necho '" << prints << "'\n";
    fs::permissions(file, fs::perms::owner_all);
  }
  std::string found() const { return find_libtorch(home); }

  const TemporaryFolder place;
  const fs::path home = place.path() / "tree/ktbench";
  const std::string ours{core::torch_version()};
  const Variable path{"PATH", (place.path() / "bin").string() + ":" + std::getenv("PATH")};
  const Variable named{"KTB_TORCH_ROOT", ""};
};

TEST_F(Libtorch, IsLookedForInOrder) {
  const auto imported = libtorch("site-packages/torch");
  python(imported);
  EXPECT_EQ(found(), imported);
  const auto beside = libtorch("tree/torch");
  EXPECT_EQ(found(), beside);
  const auto inside = libtorch("tree/ktbench/lib/ktbench/torch");
  EXPECT_EQ(found(), inside);
  const auto wanted = libtorch("mine");
  const Variable said("KTB_TORCH_ROOT", wanted);
  EXPECT_EQ(found(), wanted);
}

TEST_F(Libtorch, WhatWasNamedIsTakenOrNothing) {
  libtorch("tree/torch");
  const auto wrong = place.path() / "nowhere";
  const Variable said("KTB_TORCH_ROOT", wrong);
  EXPECT_THAT(
      [&] { found(); },
      ThrowsMessage<core::Error>(HasSubstr("KTB_TORCH_ROOT  " + wrong.string() + ": not there")));
}

TEST_F(Libtorch, AnotherVersionIsPassedOver) {
  const auto archive = libtorch("tree/torch", "1.2.3+cpu\n", "build-version");
  const auto imported = libtorch("site-packages/torch", "__version__ = '9.10.11'\n");
  python(imported);
  EXPECT_THAT([&] { found(); }, ThrowsMessage<core::Error>(AllOf(
                                    HasSubstr(archive.string() + ": is LibTorch 1.2.3\n"),
                                    HasSubstr(imported.string() + ": is LibTorch 9.10.11\n"))));
  const auto silent = libtorch("tree/ktbench/lib/ktbench/torch", "");
  EXPECT_EQ(found(), silent);
}

TEST_F(Libtorch, WhereThereIsNoneItIsSaidWhereAndHow) {
  EXPECT_THAT(
      [&] { found(); },
      ThrowsMessage<core::Error>(AllOf(
          HasSubstr("error: LibTorch " + ours + " was not found"),
          HasSubstr("KTB_TORCH_ROOT  not set"),
          HasSubstr((home / "lib/ktbench/torch").string() + ": not there"),
          HasSubstr("python3         no torch there"), HasSubstr("pip install torch==" + ours))));
}

TEST_F(Libtorch, AFolderOfThatNameIsNotWhatPythonImports) {
  fs::remove(place.path() / "bin/python3");
  fs::create_directories(place.path() / "here/torch");
  const auto before = fs::current_path();
  fs::current_path(place.path() / "here");
  EXPECT_THAT([&] { found(); }, ThrowsMessage<core::Error>(Not(HasSubstr("here/torch"))));
  fs::current_path(before);
}

}  // namespace
}  // namespace ktb::launch
