// Arrays that numpy.save wrote, here byte by byte.
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <cstring>

#include "run/data_place.hpp"

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct NpyForm {
  std::string type, shape;
  std::string order = "False";
  int version = 1;
};

/// The file that NumPy makes of these bytes.
Bytes npy(const NpyForm& form, const Bytes& values) {
  auto header = "{'descr': '" + form.type + "', 'fortran_order': " + form.order + ", 'shape': (" +
                form.shape + "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::string file = std::string("\x93NUMPY") + static_cast<char>(form.version) + '\0';
  for (int i = 0; i < (form.version == 1 ? 2 : 4); ++i)
    file += static_cast<char>(header.size() >> (8 * i));
  file += header;
  Bytes bytes(file.begin(), file.end());
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

template <class T>
Bytes raw(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Bytes whole(const std::vector<std::int64_t>& values, const std::string& shape) {
  return npy({"<i8", shape}, raw(values));
}

class Arrays : public DataPlace {
 protected:
  static std::shared_ptr<Dataset> make(std::map<std::string, Value> given = {}) {
    given.emplace("root", std::string("mine"));
    return make_dataset("arrays", given);
  }
  void save(const std::string& name, const Bytes& file) const {
    write("mine/" + name + ".npy", file);
  }
  /// Two colour pictures of 2x2 and one, with labels.
  void save_pictures() const {
    Bytes pixels;
    for (int i = 0; i < 36; ++i) pixels.push_back(static_cast<std::uint8_t>(7 * i));
    save("train_image", npy({"|u1", "2, 3, 2, 2"}, {pixels.begin(), pixels.begin() + 24}));
    save("test_image", npy({"|u1", "1, 3, 2, 2"}, {pixels.begin() + 24, pixels.end()}));
    save("train_label", whole({1, 0}, "2,"));
    save("test_label", whole({2}, "1,"));
  }
  Tensor train(const std::string& name, const Bytes& file) const {
    save("train_" + name, file);
    const auto split = make()->load(folder(), "train");
    return split.x.contains(name) ? split.x.at(name) : split.y.at(name);
  }
};

TEST_F(Arrays, PicturesWithClasses) {
  save_pictures();
  const auto task = make()->task(folder());
  EXPECT_EQ(task.kind, "classification");
  EXPECT_TRUE(task.categorical);
  EXPECT_EQ(task.outputs, 3);
  EXPECT_EQ(task.train_size, 2);
  EXPECT_EQ(task.test_size, 1);
  const auto& image = task.input("image");
  EXPECT_EQ(image.space, "rgb");
  EXPECT_THAT(image.shape, ElementsAre(3, 2, 2));
  // The first channel's pixels: 0, 7, 14, 21 and, of the second picture, 84, 91, 98, 105.
  EXPECT_NEAR(image.mean.at(0), 52.5 / 255, 1e-12);
  EXPECT_NEAR(image.deviation.at(0), std::sqrt(1825.25) / 255, 1e-12);
  const auto split = make()->load(folder(), "train");
  EXPECT_EQ(split.x.at("image")[1][2][1][1].item<int>(), 7 * 23);
  EXPECT_TRUE(at::equal(split.y.at("label"), at::tensor({1, 0}, at::kLong)));
  std::vector<std::string> names;
  for (const auto& file : make()->files(folder())) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("mine/train_image.npy", "mine/train_label.npy",
                                 "mine/test_image.npy", "mine/test_label.npy"));
  EXPECT_NEAR(
      make({{"mean", std::vector<double>{0.1, 0.2, 0.3}}})->task(folder()).inputs[0].mean[2], 0.3,
      1e-12);
}

TEST_F(Arrays, NamesOfClassesSayWhatLabelsMean) {
  save_pictures();
  const auto unnamed = make()->task(folder()).labels;
  write_text("mine/classes.txt", "ant\nbee\ncow\ndog\n");
  const auto task = make()->task(folder());
  EXPECT_THAT(task.classes, ElementsAre("ant", "bee", "cow", "dog"));
  EXPECT_EQ(task.outputs, 4);
  EXPECT_NE(task.labels, unnamed);
  write_text("mine/classes.txt", "ant\nbee\n");
  EXPECT_THAT(complaint([&] { make()->task(folder()); }),
              HasSubstr("classes.txt names 2 classes, the arrays have 3"));
}

TEST_F(Arrays, StatesAndNumbers) {
  save("train_state", npy({"<f4", "2, 3"}, raw(std::vector<float>{1, 2, 3, 4, 5, 6.5})));
  save("test_state", npy({"<f8", "1, 3"}, raw(std::vector<double>{7, 8, 9})));
  save("train_value", npy({"<f4", "2,"}, raw(std::vector<float>{0.5, -1})));
  save("test_value", npy({"<f8", "1, 1"}, raw(std::vector<double>{2})));
  const auto task = make()->task(folder());
  EXPECT_EQ(task.kind, "regression");
  EXPECT_EQ(task.outputs, 1);
  EXPECT_EQ(task.input("state").space, "arrays:mine");
  EXPECT_EQ(make()->load(folder(), "train").x.at("state")[1][2].item<float>(), 6.5f);
  EXPECT_EQ(make()->load(folder(), "test").y.at("value").sizes(), (std::vector<std::int64_t>{1}));
  save("train_value", npy({"<f4", "2,"}, raw(std::vector<float>{1, NAN})));
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("train_value.npy, [2]"), HasSubstr("element 1")));
}

TEST_F(Arrays, TokensAndSeveralLabels) {
  save("train_tokens", npy({"<u2", "2, 3"}, raw(std::vector<std::uint16_t>{5, 60000, 0, 1, 2, 3})));
  save("test_tokens", npy({"<i4", "1, 3"}, raw(std::vector<std::int32_t>{60001, 0, 0})));
  save("train_labels", npy({"|b1", "2, 2"}, {1, 0, 1, 1}));
  save("test_labels", npy({"|u1", "1, 2"}, {0, 1}));
  const auto task = make({{"space", std::string("wordpiece:bert")}})->task(folder());
  EXPECT_EQ(task.kind, "multi_label");
  EXPECT_FALSE(task.categorical);
  EXPECT_EQ(task.outputs, 2);
  EXPECT_EQ(task.input("tokens").vocabulary, 60002);
  EXPECT_EQ(task.input("tokens").space, "wordpiece:bert");
  const auto split = make()->load(folder(), "train");
  EXPECT_EQ(split.x.at("tokens")[0][1].item<int>(), 60000);
  EXPECT_EQ(split.y.at("labels").sum().item<float>(), 3);
  EXPECT_THROW(make({{"vocabulary", std::int64_t{60001}}})->task(folder()), OptionError);
  save("train_labels", npy({"|u1", "2, 2"}, {1, 0, 2, 1}));
  EXPECT_THAT(refusal(*make()), HasSubstr("a label is 0 or 1"));
}

TEST_F(Arrays, EveryOrderAndTypeOfNumPyGivesTheSame) {
  save_pictures();
  const auto label = [&](const Bytes& file) { return train("label", file); };
  const auto expected = at::tensor({1, 0}, at::kLong);
  EXPECT_TRUE(at::equal(label(npy({">i4", "2,"}, {0, 0, 0, 1, 0, 0, 0, 0})), expected));
  EXPECT_TRUE(
      at::equal(label(npy({"<u8", "2,"}, raw(std::vector<std::uint64_t>{1, 0}))), expected));
  EXPECT_TRUE(at::equal(label(npy({"|i1", "2,", "False", 2}, {1, 0})), expected));
  EXPECT_TRUE(at::equal(label(npy({"|i1", "2,", "True", 3}, {1, 0})), expected));
  // [2, 3, 2, 2], the first axis the fastest.
  Bytes turned(24);
  for (std::size_t i = 0; i < 24; ++i) {
    const auto n = i / 12, c = i / 4 % 3, y = i / 2 % 2, x = i % 2;
    turned[n + 2 * (c + 3 * (y + 2 * x))] = static_cast<std::uint8_t>(7 * i);
  }
  const auto rows = make()->load(folder(), "train").x.at("image");
  EXPECT_TRUE(at::equal(train("image", npy({"|u1", "2, 3, 2, 2", "True"}, turned)), rows));
  EXPECT_EQ(train("image", npy({"|u1", "2, 4, 5"}, Bytes(40, 9))).sizes(),
            (std::vector<std::int64_t>{2, 1, 4, 5}));
}

TEST_F(Arrays, WhatIsWrongIsNamedWithItsCure) {
  EXPECT_THAT(refusal(*make()), AllOf(HasSubstr("mine/train_label.npy is missing"),
                                      HasSubstr(place_.string()), HasSubstr("numpy.save")));
  EXPECT_THAT(refusal(*make_dataset("arrays")), HasSubstr("root is not set"));
  save_pictures();
  const auto image = [&](const Bytes& file) {
    save("train_image", file);
    return refusal(*make());
  };
  EXPECT_THAT(image(npy({"<f4", "2, 3, 2, 2"}, Bytes(96, 0))), HasSubstr("images are uint8"));
  EXPECT_THAT(
      image(npy({"|u1", "2, 8, 8, 3"}, Bytes(384, 0))),
      AllOf(HasSubstr("train_image.npy, [2, 8, 8, 3]"), HasSubstr("transpose(0, 3, 1, 2)")));
  EXPECT_THAT(image(npy({"|u1", "1, 3, 2, 2"}, Bytes(12, 0))),
              HasSubstr("as many rows as mine/train_label.npy, which has 2"));
  EXPECT_THAT(image(npy({"|O", "2,"}, {1, 2, 3})), HasSubstr("Python objects"));
  EXPECT_THAT(image(npy({"<c8", "2,"}, Bytes(16, 0))), HasSubstr("elements of type `<c8`"));
  EXPECT_THAT(image(npy({"|u1", "2, 3, 2, 2"}, Bytes(23, 0))),
              HasSubstr("promises 24 bytes of data, there are 23"));
  EXPECT_THAT(image(npy({"|u1", "4000000000, 4000000000, 4000000000"}, {})),
              HasSubstr("larger than any file"));
  EXPECT_THAT(image({'P', 'K', 3, 4}), HasSubstr("no file of numpy.save"));
  const auto sound = npy({"|u1", "2, 3, 2, 2"}, Bytes(24, 5));
  for (std::size_t length = 0; length < sound.size(); ++length)
    EXPECT_THAT(image({sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(length)}),
                HasSubstr("mine/train_image.npy"));
  save("train_image", sound);
  save("train_value", npy({"<f4", "2,"}, raw(std::vector<float>{1, 2})));
  EXPECT_THAT(refusal(*make()), HasSubstr("the option `target` says which"));
  const auto values = make({{"target", std::string("label")}});
  EXPECT_EQ(values->load(folder(), "train").y.count("label"), 1U);
  save("val_image", sound);
  EXPECT_THAT(values->notes(folder()), ElementsAre("not read: train_value.npy, val_image.npy"));
  save("train_label", whole({-1, 0}, "2,"));
  EXPECT_THAT(refusal(*values), HasSubstr("classes start at 0"));
}

}  // namespace
}  // namespace ktb::run
