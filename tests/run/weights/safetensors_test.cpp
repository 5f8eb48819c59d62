#include "run/weights/safetensors.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "ktb/error.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct SafetensorsTest : testing::Test {
  /// A file with this header and this many bytes of data.
  void write_raw(const std::string& header, std::size_t bytes) const {
    std::ofstream stream(path, std::ios::binary);
    const std::uint64_t length = header.size();
    stream.write(reinterpret_cast<const char*>(&length), 8);
    stream << header << std::string(bytes, '\1');
  }
  void expect_fault(const std::string& text) const {
    EXPECT_THAT([&] { read_safetensors(path); },
                ThrowsMessage<Error>(testing::AllOf(HasSubstr(path), HasSubstr(text))));
  }

  const TemporaryFolder own;
  const std::filesystem::path folder = own.path();
  const std::string path = folder / "case.safetensors";
};

TEST_F(SafetensorsTest, KeepsValuesOrderAndMetadata) {
  TensorFile file;
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                          at::kByte, at::kBool})
    file.tensors.emplace_back(std::string("z") + c10::toString(type),
                              at::arange(3).remainder(2).to(type));
  file.tensors.emplace_back("a scalar", at::full({}, 2.5));
  file.tensors.emplace_back("empty", at::zeros({0, 3}));
  file.tensors.emplace_back("a view", at::arange(6).view({2, 3}).t());
  file.metadata = {{"notes", "quotes \" and ünicode"}};
  write_safetensors(path, file);

  const auto back = read_safetensors(path);
  EXPECT_EQ(back.metadata, file.metadata);
  ASSERT_EQ(back.tensors.size(), file.tensors.size());
  for (std::size_t i = 0; i < back.tensors.size(); ++i) {
    EXPECT_EQ(back.tensors[i].first, file.tensors[i].first);
    EXPECT_EQ(back.tensors[i].second.scalar_type(), file.tensors[i].second.scalar_type());
    EXPECT_TRUE(at::equal(back.tensors[i].second, file.tensors[i].second)) << back.tensors[i].first;
  }
  EXPECT_FALSE(back.find("none").defined());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(SafetensorsTest, NamesFileAndTensorOfEveryFault) {
  expect_fault("cannot be read");
  write_raw("", 0);
  std::filesystem::resize_file(path, 5);
  expect_fault("5 bytes");
  write_raw(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  std::filesystem::resize_file(path, 20);
  expect_fault("the file is truncated: its header has 54 bytes, 12 follow");
  write_raw(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7);
  expect_fault("tensor \"w\" ends at byte 8 of the data, and there are 7");
  write_raw(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 9);
  expect_fault("the data has 9 bytes; its tensors take 8");
  write_raw(R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8);
  expect_fault("tensor \"w\" has 8 bytes; its shape [3] and type Float need 12");
  write_raw(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12);
  expect_fault("tensor \"w\" lies at bytes 4 to 12 of the data; expected it to start at 0");
  write_raw(R"({"w":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}})", 8);
  expect_fault("tensor \"w\" has dtype F4; known are F64, F32");
  write_raw(R"({"w":{"dtype":"F32","data_offsets":[0,8]}})", 8);
  expect_fault("tensor \"w\": its header entry is malformed");
  write_raw("{", 0);
  expect_fault("no valid JSON");
}

TEST_F(SafetensorsTest, RefusesShapesThatNothingCanHave) {
  write_raw(R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0);
  expect_fault("tensor \"w\" cannot have the shape [4294967296, 4294967296]");
  write_raw(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}})", 0);
  expect_fault("tensor \"w\" cannot have the shape [-1]");
}

TEST_F(SafetensorsTest, OpensWithoutReadingNumbers) {
  write_safetensors(path, {{{"w", at::arange(6).view({2, 3})}, {"b", at::ones({2})}}, {}});
  const auto file = open_safetensors(path);
  ASSERT_EQ(file.tensors.size(), 2);
  EXPECT_EQ(file.tensors[0].name, "w");
  EXPECT_EQ(file.tensors[0].type, at::kLong);
  EXPECT_THAT(file.tensors[0].shape, testing::ElementsAre(2, 3));
  EXPECT_TRUE(at::equal(file.tensors[1].read(), at::ones({2})));
  EXPECT_TRUE(at::equal(file.tensors[0].read(), at::arange(6).view({2, 3})));
}

}  // namespace
}  // namespace ktb::run
