#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <set>

#include "run/data_place.hpp"

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<Dataset> make(const std::string& name, std::map<std::string, Value> given = {}) {
  return make_dataset(name, std::move(given));
}

class Datasets : public DataPlace {
 protected:
  void write_gzip(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories((place_ / name).parent_path());
    const auto out = gzopen((place_ / name).c_str(), "wb1");
    ASSERT_EQ(gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size())),
              static_cast<int>(bytes.size()));
    gzclose(out);
  }
};

/// `n` images of 28x28 and their labels, i % 10; every pixel of image i is i.
std::pair<Bytes, Bytes> idx(std::uint8_t n) {
  Bytes images = {0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 28, 0, 0, 0, 28},
        labels = {0, 0, 8, 1, 0, 0, 0, n};
  for (std::uint8_t i = 0; i < n; ++i) {
    images.insert(images.end(), 28 * 28, i);
    labels.push_back(i % 10);
  }
  return {images, labels};
}

TEST_F(Datasets, FashionMnistReadsIdxPackedOrNot) {
  const auto [images, labels] = idx(12);
  write("fashion-mnist/train-images-idx3-ubyte", images);
  write_gzip("fashion-mnist/train-labels-idx1-ubyte.gz", labels);
  const auto dataset = make("fashion_mnist", {{"verify", false}});
  const auto split = dataset->load(folder(), "train");
  EXPECT_EQ(split.x.at("image").sizes(), (std::vector<std::int64_t>{12, 1, 28, 28}));
  EXPECT_EQ(split.x.at("image")[11][0][27][27].item<int>(), 11);
  EXPECT_EQ(split.y.at("label")[11].item<int>(), 1);
  EXPECT_EQ(dataset->task(folder()).train_size, 12);
}

TEST_F(Datasets, FashionMnistOfTorchvisionIsFound) {
  const auto [images, labels] = idx(3);
  write("FashionMNIST/raw/t10k-images-idx3-ubyte", images);
  write("FashionMNIST/raw/t10k-labels-idx1-ubyte", labels);
  EXPECT_EQ(
      make("fashion_mnist", {{"verify", false}})->load(folder(), "test").y.at("label").numel(), 3);
}

TEST_F(Datasets, FashionMnistRefusesWhatIsWrong) {
  auto [images, labels] = idx(12);
  const auto official = make("fashion_mnist"), any = make("fashion_mnist", {{"verify", false}});
  EXPECT_THAT(refusal(*official), AllOf(HasSubstr("train-images-idx3-ubyte is missing"),
                                        HasSubstr(place_.string()), HasSubstr("apt-get install")));
  write("fashion-mnist/train-images-idx3-ubyte", images);
  write("fashion-mnist/train-labels-idx1-ubyte", labels);
  EXPECT_THAT(refusal(*official), HasSubstr("expected 47040016 bytes, found 9424"));

  images.resize(images.size() - 5);
  write("fashion-mnist/train-images-idx3-ubyte", images);
  EXPECT_THAT(refusal(*any), HasSubstr("promises 9408 bytes of data, there are 9403"));
  images[3] = 1;
  write("fashion-mnist/train-images-idx3-ubyte", images);
  EXPECT_THAT(refusal(*any), HasSubstr("first four bytes should be 0 0 8 3"));
  write("fashion-mnist/train-images-idx3-ubyte", idx(11).first);
  EXPECT_THAT(refusal(*any), HasSubstr("11 images, but there are 12 labels"));
  labels.back() = 10;
  write("fashion-mnist/train-labels-idx1-ubyte", labels);
  write("fashion-mnist/train-images-idx3-ubyte", idx(12).first);
  EXPECT_THAT(refusal(*any), HasSubstr("a label is above 9"));
}

TEST_F(Datasets, ChangedContentOfTheRightSizeIsNoticed) {
  write("fashion-mnist/t10k-labels-idx1-ubyte", Bytes(10008, 1));
  write("fashion-mnist/t10k-images-idx3-ubyte", Bytes(7840016, 1));
  EXPECT_THAT(refusal(*make("fashion_mnist"), "test"),
              AllOf(HasSubstr("expected sha256:5b4141f0"), HasSubstr("found sha256:")));
}

TEST_F(Datasets, BrokenGzipIsNoticed) {
  Bytes noise(200000);
  std::uint32_t state = 1;
  for (auto& byte : noise)
    byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  write_gzip("whole.gz", noise);
  const auto path = (place_ / "whole.gz").string();
  EXPECT_EQ(read_file(path), noise);
  auto packed = noise;
  {
    std::ifstream in(path, std::ios::binary);
    packed.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto refused = [&](const Bytes& bytes) {
    write("broken.gz", bytes);
    return complaint([&] { read_file((place_ / "broken.gz").string()); });
  };
  EXPECT_THAT(refused({packed.begin(), packed.begin() + 150000}), HasSubstr("truncated"));
  EXPECT_THAT(refused({packed.begin(), packed.end() - 3}), HasSubstr("truncated"));
  auto bent = packed;
  bent[bent.size() - 6] ^= 1;  // in the checksum
  EXPECT_THAT(refused(bent), HasSubstr("corrupt"));
  EXPECT_THAT(refused({'p', 'l', 'a', 'i', 'n'}), HasSubstr("not a gzip file"));
  EXPECT_THAT(refused({}), HasSubstr("not a gzip file"));
}

TEST_F(Datasets, DigestsAreThoseOfTheStandard) {
  const Bytes abc = {'a', 'b', 'c'};
  EXPECT_EQ(digest(abc, "md5:"), "md5:900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(digest(abc), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Datasets, TheFirstPlaceWins) {
  write("a/x", {1});
  write("b/x", {2});
  write_gzip("b/y.gz", {3});
  const DataFolder both({(place_ / "a").string(), (place_ / "b").string()});
  EXPECT_EQ(both.find("x"), (place_ / "a/x").string());
  EXPECT_EQ(both.find("y"), (place_ / "b/y.gz").string());
  EXPECT_EQ(both.find("z"), "");
}

/// `n` records: `labels` bytes of label, then pixels whose value is that of the channel.
Bytes cifar(int n, int labels, std::uint8_t most) {
  Bytes all;
  for (int i = 0; i < n; ++i) {
    if (labels == 2) all.push_back(static_cast<std::uint8_t>(i % 20));
    all.push_back(static_cast<std::uint8_t>(i % (most + 1)));
    for (std::uint8_t channel = 0; channel < 3; ++channel) all.insert(all.end(), 1024, channel);
  }
  return all;
}

TEST_F(Datasets, Cifar100ReadsFineAndCoarseLabels) {
  write("cifar-100-binary/train.bin", cifar(120, 2, 99));
  write("cifar-100-binary/test.bin", cifar(20, 2, 99));
  const auto fine = make("cifar100", {{"verify", false}});
  const auto coarse = make("cifar100", {{"verify", false}, {"labels", std::string("coarse")}});
  const auto split = fine->load(folder(), "train");
  EXPECT_EQ(split.x.at("image").sizes(), (std::vector<std::int64_t>{120, 3, 32, 32}));
  EXPECT_EQ(split.x.at("image")[5][2][31][31].item<int>(), 2);
  EXPECT_EQ(split.y.at("label")[119].item<int>(), 19);
  EXPECT_EQ(split.y.at("label")[99].item<int>(), 99);
  EXPECT_EQ(coarse->load(folder(), "train").y.at("label")[99].item<int>(), 19);
  EXPECT_EQ(fine->task(folder()).train_size, 120);
  EXPECT_EQ(fine->task(folder()).outputs, 100);
  EXPECT_EQ(coarse->task(folder()).outputs, 20);
  EXPECT_NE(fine->task(folder()).labels, coarse->task(folder()).labels);
}

TEST_F(Datasets, Cifar100IsKnownWithoutFiles) {
  const auto task = make("cifar100")->task(folder());
  EXPECT_EQ(task.train_size, 50000);
  EXPECT_EQ(task.test_size, 10000);
  EXPECT_THAT(task.inputs[0].mean, ElementsAre(0.5071, 0.4867, 0.4408));
  const auto other = make("cifar100", {{"statistics", std::string("mergenet")}})->task(folder());
  EXPECT_THAT(other.inputs[0].deviation, ElementsAre(0.26733, 0.25644, 0.27615));
}

TEST_F(Datasets, CifarRefusesWhatIsWrong) {
  const auto hundred = make("cifar100"), any = make("cifar100", {{"verify", false}});
  EXPECT_THAT(refusal(*hundred), AllOf(HasSubstr("cifar-100-binary/train.bin is missing"),
                                       HasSubstr("03b5dce01913d631647c71ecec9e9cb8")));
  write("cifar-100-python/train", {0x80, 2});
  EXPECT_THAT(refusal(*hundred),
              AllOf(HasSubstr("Python version"), HasSubstr("cifar-100-python/train")));
  auto records = cifar(4, 2, 99);
  write("cifar-100-binary/train.bin", records);
  EXPECT_THAT(refusal(*hundred), HasSubstr("expected 153700000 bytes, found 12296"));
  records.pop_back();
  write("cifar-100-binary/train.bin", records);
  EXPECT_THAT(refusal(*any), HasSubstr("records of 3074 bytes, found 12295"));
  records = cifar(4, 2, 99);
  records[3074] = 20;
  write("cifar-100-binary/train.bin", records);
  EXPECT_THAT(refusal(*any), HasSubstr("record 1 of"));
}

TEST_F(Datasets, Cifar10JoinsItsFiles) {
  for (int i = 1; i <= 5; ++i) {
    write("cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin", cifar(i, 1, 9));
  }
  write("cifar-10-batches-bin/test_batch.bin", cifar(2, 1, 9));
  const auto dataset = make("cifar10", {{"verify", false}});
  EXPECT_EQ(dataset->task(folder()).train_size, 15);
  EXPECT_EQ(dataset->load(folder(), "train").x.at("image").size(0), 15);
  EXPECT_EQ(dataset->load(folder(), "test").y.at("label")[1].item<int>(), 1);
  EXPECT_THAT(refusal(*make("cifar10")), HasSubstr("expected 30730000 bytes, found 3073"));
}

/// A picture of one colour.
Bytes ppm(int width, int height, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  const auto head = "P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n";
  Bytes all(head.begin(), head.end());
  for (int i = 0; i < width * height; ++i) all.insert(all.end(), {r, g, b});
  return all;
}

TEST_F(Datasets, ImageFolderReadsSplitsClassesAndSizes) {
  write("pets/train/dog/b.ppm", ppm(10, 20, 10, 20, 30));
  write("pets/train/dog/deep/a.ppm", ppm(8, 8, 1, 2, 3));
  write("pets/train/Cat/x.PPM", ppm(30, 9, 7, 8, 9));
  write("pets/train/Cat/notes.txt", {'n', 'o'});
  write("pets/val/dog/1.pgm", {'P', '5', ' ', '1', ' ', '1', ' ', '2', '5', '5', '\n', 200});
  const auto dataset =
      make("image_folder", {{"root", std::string("pets")}, {"size", std::int64_t{8}}});
  const auto task = dataset->task(folder());
  EXPECT_THAT(task.classes, ElementsAre("Cat", "dog"));
  EXPECT_EQ(task.train_size, 3);
  std::vector<std::string> names;
  for (const auto& file : dataset->files(folder())) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("pets/train/Cat/x.PPM", "pets/train/dog/b.ppm",
                                 "pets/train/dog/deep/a.ppm", "pets/val/dog/1.pgm"));
  const auto split = dataset->load(folder(), "train");
  EXPECT_EQ(split.x.at("image").sizes(), (std::vector<std::int64_t>{3, 3, 8, 8}));
  EXPECT_EQ(split.x.at("image")[0][2][4][4].item<int>(), 9);
  EXPECT_EQ(split.x.at("image")[1][1][0][7].item<int>(), 20);
  EXPECT_EQ(split.y.at("label")[1].item<int>(), 1);
  const auto test = dataset->load(folder(), "test");  // grey becomes colour
  EXPECT_EQ(test.x.at("image")[0][2][0][0].item<int>(), 200);
}

TEST_F(Datasets, ImageFolderReadsPngOnWhite) {
  // 2x1 RGBA: red, opaque; blue, transparent.
  write("p/train/a/x.png",
        {0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48,
         0x44, 0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00,
         0x00, 0xF4, 0x22, 0x7F, 0x8A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x44, 0x41, 0x54, 0x78,
         0x9C, 0x63, 0xF8, 0xCF, 0xC0, 0x00, 0x46, 0x00, 0x0E, 0xFA, 0x02, 0xFE, 0xF5, 0x1E,
         0x4C, 0xA9, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82});
  write("p/test/a/x.ppm", ppm(2, 2, 0, 0, 0));
  const auto dataset =
      make("image_folder", {{"root", std::string("p")}, {"size", std::int64_t{1}}});
  const auto image = dataset->load(folder(), "train").x.at("image")[0];
  EXPECT_EQ(image[0][0][0].item<int>(), 255);
  EXPECT_EQ(image[2][0][0].item<int>(), 0);
  EXPECT_EQ(image[1][0][0].item<int>(), 0);
}

TEST_F(Datasets, ImageFolderSplitsItselfPerClassAndByDomain) {
  for (int i = 0; i < 10; ++i) {
    for (const std::string name : {"a", "b"}) {
      write("office/art/" + name + "/" + std::to_string(i) + ".ppm",
            ppm(4, 4, static_cast<std::uint8_t>(i), 0, 0));
      write("office/clip/" + name + "/" + std::to_string(i) + ".ppm", ppm(4, 4, 100, 0, 0));
    }
  }
  const auto domain = [](const std::string& name, std::int64_t seed) {
    return make("image_folder", {{"root", std::string("office")},
                                 {"domain", name},
                                 {"size", std::int64_t{4}},
                                 {"share", 0.7},
                                 {"split_seed", seed}});
  };
  const auto art = domain("art", 0);
  const auto train = art->load(folder(), "train"), test = art->load(folder(), "test");
  EXPECT_EQ(train.y.at("label").numel(), 14);
  EXPECT_EQ(test.y.at("label").sum().item<int>(), 3);
  std::multiset<int> reds;
  for (const auto& split : {train, test}) {
    for (std::int64_t i = 0; i < split.y.at("label").numel(); ++i) {
      if (split.y.at("label")[i].item<int>() == 0)
        reds.insert(split.x.at("image")[i][0][0][0].item<int>());
    }
  }
  EXPECT_THAT(reds, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_TRUE(
      at::equal(train.x.at("image"), domain("art", 0)->load(folder(), "train").x.at("image")));
  EXPECT_FALSE(
      at::equal(train.x.at("image"), domain("art", 1)->load(folder(), "train").x.at("image")));
  const auto clip = domain("clip", 0);
  EXPECT_EQ(clip->load(folder(), "test").x.at("image")[0][0][0][0].item<int>(), 100);
  EXPECT_EQ(clip->task(folder()).labels, art->task(folder()).labels);
}

TEST_F(Datasets, ImageFolderRefusesWhatIsWrong) {
  const auto dataset =
      make("image_folder", {{"root", std::string("pets")}, {"size", std::int64_t{4}}});
  EXPECT_THAT(refusal(*dataset),
              AllOf(HasSubstr("the folder pets is missing"), HasSubstr(place_.string())));
  write("pets/train/dog/a.png", {0x89, 0x50, 0x4E, 0x47, 1, 2, 3});
  write("pets/val/dog/a.ppm", ppm(4, 4, 1, 1, 1));
  EXPECT_THAT(refusal(*dataset),
              AllOf(HasSubstr("train/dog/a.png"), HasSubstr("cannot be decoded")));
  write("pets/val/cow/a.ppm", ppm(4, 4, 1, 1, 1));
  EXPECT_THAT(refusal(*dataset, "test"), HasSubstr("a class that"));
  EXPECT_THROW(make("image_folder", {{"channels", std::int64_t{2}}}), OptionError);
}

}  // namespace
}  // namespace ktb::run
