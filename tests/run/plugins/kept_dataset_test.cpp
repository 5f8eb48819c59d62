#include "run/plugins/kept_dataset.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "run/data_place.hpp"

namespace ktb::run {
namespace {

/// A byte of a file is an example. Counts how often it was asked for them.
class OfFile final : public Dataset {
 public:
  explicit OfFile(bool files = true, bool plain = true) : files_(files), plain_(plain) {}
  TaskSpec task(const DataFolder&) const override { return {}; }
  std::vector<DataFile> files(const DataFolder&) const override {
    return files_ ? std::vector<DataFile>{{"data.bin", "", 0}} : std::vector<DataFile>{};
  }
  std::string get() const override { return "write it"; }
  Split load(const DataFolder& folder, const std::string& split) const override {
    ++loads;
    Split made;
    const auto bytes = read_file(folder.require("data.bin"));
    std::vector<std::int64_t> numbers(bytes.begin(), bytes.end());
    made.x["image"] = at::tensor(numbers).to(at::kByte).view({-1, 1});
    made.x["table"] = at::arange(6).to(at::kDouble).view({2, 3}).t();
    made.rows["table"] = at::tensor(numbers).remainder(3);
    made.y["label"] = at::tensor(numbers);
    made.y["empty"] = at::zeros({0, 4});
    if (!plain_) made.y["odd"] = made.y["label"].to_sparse();
    made.texts["answers"] = {{split, "\xFF no UTF-8"}, {}};
    return made;
  }

  mutable int loads = 0;

 private:
  bool files_, plain_;
};

void expect_equal(const Tensors& a, const Tensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) {
    EXPECT_EQ(tensor.scalar_type(), b.at(name).scalar_type()) << name;
    EXPECT_TRUE(at::equal(tensor, b.at(name))) << name;
  }
}

void expect_equal(const Split& a, const Split& b) {
  expect_equal(a.x, b.x);
  expect_equal(a.y, b.y);
  expect_equal(a.rows, b.rows);
  EXPECT_EQ(a.texts, b.texts);
}

class KeptDatasetTest : public DataPlace {
 protected:
  void SetUp() override { write_text("data.bin", "seven bytes"); }

  /// As a later trial does, which opens the data set anew.
  Split load(const std::string& identity = "plugin", const std::string& split = "train") {
    const auto made = KeptDataset(own_set_, identity, {}, shelf_).load(folder(), split);
    shelf_.take_in();
    return made;
  }

  std::shared_ptr<OfFile> own_set_ = std::make_shared<OfFile>();
  core::Shelf shelf_;
};

TEST_F(KeptDatasetTest, ASecondTrialDecodesNothingAndSeesTheSame) {
  const auto first = load(), second = load();
  EXPECT_EQ(own_set_->loads, 1);
  expect_equal(first, second);
  expect_equal(own_set_->load(folder(), "train"), second);
}

TEST_F(KeptDatasetTest, WhatOneTrialWritesNoOtherSees) {
  load();
  auto second = load();
  second.x["image"].zero_();
  second.y["label"].add_(1);
  expect_equal(load(), own_set_->load(folder(), "train"));
}

TEST_F(KeptDatasetTest, WhatItTakesIsKeptAsLongAsATensorLooksIntoIt) {
  load();
  const auto label = load().y.at("label");
  EXPECT_EQ(label[0].item<std::int64_t>(), 's');
}

TEST_F(KeptDatasetTest, SplitsAndOptionsLieApart) {
  load(), load("plugin", "test"), load("plugin with options");
  EXPECT_EQ(own_set_->loads, 3);
  EXPECT_EQ(load("plugin", "test").texts.at("answers")[0][0], "test");
  EXPECT_EQ(own_set_->loads, 3);
}

TEST_F(KeptDatasetTest, AFileOfOtherContentIsDecodedAnew) {
  load();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the kernel's clock has ticks
  const auto time = std::filesystem::last_write_time(place_ / "data.bin");
  write_text("data.bin", "SEVEN BYTES");  // of equal size, and of equal time below
  std::filesystem::last_write_time(place_ / "data.bin", time);
  EXPECT_EQ(load().y.at("label")[0].item<std::int64_t>(), 'S');
  EXPECT_EQ(own_set_->loads, 2);
  write_text("other.bin", "another file beside it");
  load();
  EXPECT_EQ(own_set_->loads, 3);
}

TEST_F(KeptDatasetTest, WhatIsMadeOfNoFilesIsMadeEachTime) {
  own_set_ = std::make_shared<OfFile>(false);
  load(), load();
  EXPECT_EQ(own_set_->loads, 2);
}

TEST_F(KeptDatasetTest, WhatBytesCannotSayIsMadeEachTime) {
  own_set_ = std::make_shared<OfFile>(true, false);
  load();
  EXPECT_EQ(load().y.at("odd").layout(), at::kSparse);
  EXPECT_EQ(own_set_->loads, 2);
}

TEST_F(KeptDatasetTest, AMissingFileIsTheDataSetsOwnError) {
  std::filesystem::remove(place_ / "data.bin");
  EXPECT_THROW(load(), MissingData);
}

}  // namespace
}  // namespace ktb::run
