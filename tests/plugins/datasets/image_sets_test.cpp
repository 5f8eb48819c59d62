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

TEST_F(Datasets, IdxFilesAreFoundAsTorchvisionAndSevenZipLeaveThem) {
  const auto [images, labels] = idx(3);
  for (const std::string set : {"fashion_mnist", "mnist"}) {
    const std::vector<std::string> folders =
        set == "mnist" ? std::vector<std::string>{"mnist", "MNIST/raw", "MNIST"}
                       : std::vector<std::string>{"fashion-mnist", "FashionMNIST/raw",
                                                  "FashionMNIST", "fashion_mnist"};
    for (const auto& folder_name : folders) {
      for (const std::string dot : {"-", "."}) {
        write(folder_name + "/train-images" + dot + "idx3-ubyte", images);
        write_gzip(folder_name + "/train-labels" + dot + "idx1-ubyte.gz", labels);
        const auto dataset = make(set, {{"verify", false}});
        EXPECT_EQ(dataset->load(folder(), "train").size(), 3) << folder_name << dot;
        EXPECT_EQ(dataset->task(folder()).train_size, 3) << folder_name << dot;
        std::filesystem::remove_all(place_ / folder_name);
      }
    }
  }
}

/// What a user's own place holds in any layout comes before a package's in the usual one.
TEST_F(Datasets, TheFirstPlaceWinsInWhateverLayout) {
  const auto [images, labels] = idx(3);
  const auto [others, their_labels] = idx(5);
  write("own/FashionMNIST/raw/t10k-images-idx3-ubyte", images);
  write("own/FashionMNIST/raw/t10k-labels-idx1-ubyte", labels);
  write("system/fashion-mnist/t10k-images-idx3-ubyte", others);
  write("system/fashion-mnist/t10k-labels-idx1-ubyte", their_labels);
  const DataFolder both({(place_ / "own").string(), (place_ / "system").string()});
  EXPECT_EQ(make("fashion_mnist", {{"verify", false}})->load(both, "test").size(), 3);
}

TEST_F(Datasets, FoldersThatDecideWhatIsFoundAreWatched) {
  const auto [images, labels] = idx(3);
  write("own/FashionMNIST/readme", {1});
  write("system/fashion-mnist/t10k-images-idx3-ubyte", images);
  const DataFolder both({(place_ / "own").string(), (place_ / "system").string()});
  EXPECT_EQ(make("fashion_mnist")->files(both).at(2).name, "fashion-mnist/t10k-images-idx3-ubyte");
  EXPECT_THAT(both.watched(), ::testing::IsSupersetOf({(place_ / "own").string(),
                                                       (place_ / "own/FashionMNIST").string()}));
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

/// What Python 2 and NumPy pickle, by protocol 2: every text of theirs is bytes.
class Pickler {
 public:
  Pickler& text(const std::string& value) {
    out_ += 'T' + number(value.size()) + value;
    return *this;
  }
  Pickler& numbers(const std::vector<std::int64_t>& values) {
    out_ += "](";
    for (const auto value : values) out_ += 'J' + number(static_cast<std::uint64_t>(value));
    out_ += 'e';
    return *this;
  }
  Pickler& texts(const std::vector<std::string>& values) {
    out_ += "](";
    for (const auto& value : values) text(value);
    out_ += 'e';
    return *this;
  }
  Pickler& array(std::int64_t rows, const Bytes& values, bool columns_first = false) {
    out_ += "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n";
    out_ += std::string("K\0\x85", 3);
    text("b");
    out_ += "\x87R(K\x01";
    out_ += 'J' + number(static_cast<std::uint64_t>(rows)) + 'J' +
            number(values.size() / static_cast<std::size_t>(rows)) + "\x86";
    out_ += "cnumpy\ndtype\n";
    text("u1");
    out_ += std::string("K\0K\1\x87R", 6) + (columns_first ? "\x88" : "\x89");
    text({values.begin(), values.end()});
    out_ += "tb";
    return *this;
  }
  /// Of keys and values that were written before.
  Bytes dictionary() const {
    const auto all = "\x80\x02}(" + out_ + "u.";
    return {all.begin(), all.end()};
  }

 private:
  static std::string number(std::uint64_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  }
  std::string out_;
};

/// The same pictures and labels as cifar(n, 2, 99) and cifar(n, 1, 9), in the Python version.
struct PythonCifar {
  explicit PythonCifar(int n) {
    for (int i = 0; i < n; ++i) {
      ten.push_back(i % 10), fine.push_back(i % 100), coarse.push_back(i % 20);
      for (std::uint8_t channel = 0; channel < 3; ++channel)
        pixels.insert(pixels.end(), 1024, channel);
    }
  }
  Bytes file(bool hundred) const {
    const auto n = std::ssize(fine);
    if (!hundred)
      return Pickler().text("data").array(n, pixels).text("labels").numbers(ten).dictionary();
    return Pickler()
        .text("filenames")
        .texts({"a.png"})
        .text("fine_labels")
        .numbers(fine)
        .text("coarse_labels")
        .numbers(coarse)
        .text("data")
        .array(n, pixels)
        .dictionary();
  }

  std::vector<std::int64_t> ten, fine, coarse;
  Bytes pixels;
};

void expect_equal(const Split& a, const Split& b) {
  EXPECT_TRUE(at::equal(a.x.at("image"), b.x.at("image")));
  EXPECT_TRUE(at::equal(a.y.at("label"), b.y.at("label")));
}

TEST_F(Datasets, CifarsPythonVersionIsTheBinaryOneBitForBit) {
  write("binary/cifar-100-binary/train.bin", cifar(120, 2, 99));
  write("binary/cifar-100-binary/test.bin", cifar(20, 2, 99));
  write("python/cifar-100-python/train", PythonCifar(120).file(true));
  write("python/cifar-100-python/test", PythonCifar(20).file(true));
  std::vector<std::string> names;
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += names.emplace_back("class" + std::to_string(i)) + "\n";
  write_text("binary/cifar-100-binary/fine_label_names.txt", lines);
  write("python/cifar-100-python/meta",
        Pickler().text("fine_label_names").texts(names).dictionary());
  for (int i = 1; i <= 5; ++i) {
    const auto batch = "data_batch_" + std::to_string(i);
    write("binary/cifar-10-batches-bin/" + batch + ".bin", cifar(i, 1, 9));
    write("python/cifar-10-batches-py/" + batch, PythonCifar(i).file(false));
  }
  write("binary/cifar-10-batches-bin/test_batch.bin", cifar(2, 1, 9));
  write("python/cifar-10-batches-py/test_batch", PythonCifar(2).file(false));
  const DataFolder binary({(place_ / "binary").string()}), python({(place_ / "python").string()});
  for (const std::string set : {"cifar10", "cifar100"}) {
    const auto dataset = make(set, {{"verify", false}});
    for (const std::string split : {"train", "test"})
      expect_equal(dataset->load(binary, split), dataset->load(python, split));
    const auto one = dataset->task(binary), other = dataset->task(python);
    EXPECT_EQ(one.train_size, other.train_size);
    EXPECT_EQ(one.test_size, other.test_size);
    EXPECT_EQ(one.classes, other.classes);
  }
  EXPECT_EQ(make("cifar100")->task(python).classes.size(), 100U);
  const auto coarse = make("cifar100", {{"verify", false}, {"labels", std::string("coarse")}});
  expect_equal(coarse->load(binary, "train"), coarse->load(python, "train"));
  EXPECT_THAT(complaint([&] { make("cifar100")->load(python, "train"); }),
              HasSubstr("expected md5:16019d7e3df5f24257cddd939b257f8d"));
}

TEST_F(Datasets, CifarsPythonVersionRefusesWhatIsWrong) {
  const auto any = make("cifar10", {{"verify", false}});
  const auto refused = [&](const Bytes& bytes) {
    write("cifar-10-batches-py/test_batch", bytes);
    return refusal(*any, "test");
  };
  write("cifar-10-batches-py/data_batch_1", PythonCifar(1).file(false));
  const PythonCifar two(2);
  auto cut = two.file(false);
  cut.resize(cut.size() - 9);
  EXPECT_THAT(refused(cut),
              AllOf(HasSubstr("test_batch is no whole pickle"), HasSubstr("cut off")));
  EXPECT_THAT(refused({'<', 'h', 't', 'm', 'l'}), HasSubstr("test_batch is no whole pickle"));
  EXPECT_THAT(refused(Pickler().text("labels").numbers({1, 2}).dictionary()),
              HasSubstr("expected an array `data` of 2 times 3072 bytes"));
  EXPECT_THAT(refused(Pickler().text("data").array(2, two.pixels).dictionary()),
              HasSubstr("has no list `labels` of whole numbers"));
  EXPECT_THAT(
      refused(Pickler().text("data").array(2, two.pixels).text("labels").numbers({1}).dictionary()),
      HasSubstr("expected an array `data` of 1 times"));
  EXPECT_THAT(refused(Pickler()
                          .text("data")
                          .array(2, two.pixels)
                          .text("labels")
                          .numbers({1, 300})
                          .dictionary()),
              HasSubstr("row 1 has no label"));
  EXPECT_THAT(
      refused(
          Pickler().text("data").array(2, two.pixels).text("labels").numbers({1, 10}).dictionary()),
      HasSubstr("has the label 10; CIFAR-10 has 0 to 9"));
  // The first axis the fastest, as some writers leave it: pictures of the columns.
  Bytes columns;
  for (int column = 0; column < 3072; ++column)
    for (int row = 0; row < 2; ++row)
      columns.push_back(two.pixels[static_cast<std::size_t>(row * 3072 + column)]);
  write("cifar-10-batches-py/test_batch",
        Pickler().text("data").array(2, columns, true).text("labels").numbers({0, 1}).dictionary());
  EXPECT_EQ(any->load(folder(), "test").x.at("image")[1][2][31][31].item<int>(), 2);
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

class ImageFolders : public Datasets {
 protected:
  static std::shared_ptr<Dataset> pictures() {
    return make("image_folder", {{"root", std::string("r")}, {"size", std::int64_t{2}}});
  }
  /// `count` pictures in the folder of a class.
  void fill(const std::string& name, int count = 2) const {
    for (int i = 0; i < count; ++i)
      write("r/" + name + "/" + std::to_string(i) + ".ppm", ppm(2, 2, 1, 2, 3));
  }
  void fill_classes(const std::string& split, int count = 2) const {
    for (const std::string name : {"cat", "dog"}) fill(split + "/" + name, count);
  }
  std::pair<std::int64_t, std::int64_t> sizes() const {
    const auto task = pictures()->task(folder());
    EXPECT_THAT(task.classes, ElementsAre("cat", "dog"));
    return {task.train_size, task.test_size};
  }
  std::string notes() const {
    std::string all;
    for (const auto& note : pictures()->notes(folder())) all += note + "\n";
    return all;
  }
  std::string refused() const { return refusal(*pictures()); }
  void clear() const { std::filesystem::remove_all(place_ / "r"); }
};

TEST_F(ImageFolders, EveryUsualNameOfASplitIsOne) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"train", "test"},
      {"Train", "Test"},
      {"TRAIN", "TEST"},
      {"training", "testing"},
      {"Training", "Testing"},
      {"training_set", "test_set"},
      {"train", "val"},
      {"train", "valid"},
      {"train", "validation"},
      {"train", "dev"},
      {"train", "Eval"},
      {"trainset", "testset"},
      {"train2017", "val2017"},
      {"TrainSet", "TestSet"},
      {"seg_train", "seg_test"},
      {"train-data", "test-data"},
      {"Train_Images", "Validation_Images"},
      {"trainval", "test"}};
  for (const auto& [train, test] : names) {
    fill_classes(train, 3);
    fill_classes(test);
    EXPECT_EQ(sizes(), std::pair(std::int64_t{6}, std::int64_t{4})) << train << " " << test;
    EXPECT_EQ(notes(), "") << train << " " << test;
    clear();
  }
}

TEST_F(ImageFolders, NoSplitIsIgnoredInSilence) {
  fill_classes("train", 3);
  fill_classes("test");
  fill_classes("valid", 5);
  fill("annotations");
  EXPECT_EQ(sizes(), std::pair(std::int64_t{6}, std::int64_t{4}));
  EXPECT_THAT(notes(), AllOf(HasSubstr("valid/ (10 files) is not read: test/ is the test split"),
                             HasSubstr("annotations/ (2 files) is not read")));
  clear();
  fill_classes("train", 3);
  fill_classes("val", 5);
  fill("test", 7);  // a contest's, without classes
  EXPECT_EQ(sizes(), std::pair(std::int64_t{6}, std::int64_t{10}));
  EXPECT_THAT(notes(), HasSubstr("test/ (7 files) is not read: it holds no class folders"));
}

TEST_F(ImageFolders, WhatCannotBeToldApartIsRefused) {
  fill_classes("train");
  fill_classes("Training");
  fill_classes("test");
  EXPECT_THAT(refused(), HasSubstr("holds Training/, train/, which are one split"));
  clear();
  fill_classes("val");
  fill_classes("test");
  EXPECT_THAT(refused(), HasSubstr("but no split for training"));
  clear();
  fill("train");
  fill("test");
  EXPECT_THAT(refused(), HasSubstr("train/ without class folders"));
  clear();
  for (const std::string set : {"a_train", "a_test", "b_train", "b_test"}) fill_classes(set);
  EXPECT_THAT(refused(), HasSubstr("several training and test splits: a_train/, a_test/"));
  clear();
  for (const std::string name : {"cat", "dog"})
    fill_classes(name + "/train"), fill_classes(name + "/test");
  EXPECT_THAT(refused(), HasSubstr("holds cat/ with a training and a test split in it"));
  clear();
  fill_classes("pets");
  EXPECT_THAT(refused(), HasSubstr("holds one folder, pets/, with folders in it"));
}

TEST_F(ImageFolders, AClassMayBeCalledAsASplit) {
  for (const std::string vehicle : {"bus", "train", "train_station"}) fill(vehicle, 5);
  EXPECT_THAT(pictures()->task(folder()).classes, ElementsAre("bus", "train", "train_station"));
}

TEST_F(ImageFolders, FilesPassedOverAreCountedByEnding) {
  fill_classes("train");
  fill_classes("test");
  for (const std::string name : {"1.gif", "2.GIF", "3.tif", "4.tiff", "list.txt", "README"})
    write("r/train/dog/" + name, {1});
  write("r/train/stray.ppm", ppm(2, 2, 1, 2, 3));
  write("r/train/.DS_Store", {1});
  write("r/train/.ipynb_checkpoints/1.ppm", ppm(2, 2, 1, 2, 3));
  write("r/train/dog/.thumbs/1.ppm", ppm(2, 2, 1, 2, 3));
  write("r/__MACOSX/train/dog/._1.ppm", {1});
  std::filesystem::create_symlink("gone.ppm", place_ / "r/test/cat/gone.ppm");
  EXPECT_EQ(sizes(), std::pair(std::int64_t{4}, std::int64_t{4}));
  EXPECT_THAT(notes(), HasSubstr("8 files passed over: 2 .gif, 1 .tif, 1 .tiff, 1 .txt, 1 beside "
                                 "the class folders, 1 links that lead nowhere, 1 without an "
                                 "ending; what is read ends in .bmp .dib .jfif"));
  write("r/train/bird/1.gif", {1});
  EXPECT_THAT(refused(), AllOf(HasSubstr("train/bird holds no picture"), HasSubstr("1 .gif")));
}

TEST_F(ImageFolders, AClassWithoutTestPicturesIsNamed) {
  fill_classes("train");
  fill("train/emu");
  fill_classes("test");
  EXPECT_THAT(notes(), HasSubstr("test/ has no folder of emu"));
}

TEST_F(ImageFolders, LinksAreFollowedAndLoopsEnd) {
  namespace fs = std::filesystem;
  fill_classes("train");
  fill_classes("test");
  write("elsewhere/1.ppm", ppm(2, 2, 1, 2, 3));
  fs::create_directory_symlink("../../../elsewhere", place_ / "r/train/dog/more");
  fs::create_directory_symlink("..", place_ / "r/train/dog/up");
  fs::create_directory_symlink("..", place_ / "r/train/loop");
  fs::create_symlink("0.ppm", place_ / "r/train/cat/2.ppm");
  EXPECT_EQ(pictures()->task(folder()).train_size, 3 + 3);
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
