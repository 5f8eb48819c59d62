#include <ATen/ops/tensor.h>

#include <set>

#include "ktb/files/coco.hpp"
#include "ktb/files/json.hpp"
#include "ktb/files/layout.hpp"
#include "ktb/files/picture_table.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/text_reader.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "COCO captions in Karpathy's split: dataset_coco.json of caption_datasets.zip\n"
    "(cs.stanford.edu/people/karpathy/deepimagesent/caption_datasets.zip, sha256 "
    "4cfd70132527b80933105e5829dc9034eaab9573482e2e680abbab6130244817)\n"
    "into coco/ below a data directory; COCO's pictures (cocodataset.org) of 2014 into\n"
    "coco/train2014/ and coco/val2014/. Memory: 3 size^2 bytes a picture (1.5 GB of all at size "
    "64),\n"
    "and as much again while the harness takes its part; decoded pictures are kept in a cache "
    "file\n"
    "beside them, and mapped. The test split is the usual 5K; `fold` = 0 to 4 takes the five "
    "parts\n"
    "of \"1K\", whose mean is reported there";
const std::vector<std::string> kFiles = {
    "coco/dataset_coco.json", "coco/annotations/dataset_coco.json",
    "coco/caption_datasets/dataset_coco.json", "caption_datasets/dataset_coco.json"};
/// Pictures of the official split; each has five captions or more.
constexpr std::int64_t kTrain = 82783, kRest = 30504, kValidation = 5000, kTest = 5000;
constexpr std::int64_t kFoldPictures = 1000;

struct Picture {
  std::string file;  ///< val2014/COCO_val2014_000000000042.jpg
  std::vector<std::string> captions;
};

class CocoCaptions final : public Dataset {
 public:
  explicit CocoCaptions(Options& options)
      : captions_(
            options.get("captions", 5, "the first ones of each picture", {.least = 1, .most = 5})),
        rest_(options.get("restval", true,
                          "whether what is left of val2014 is for training, as is usual")),
        fold_(options.get("fold", -1,
                          "of the test split: 0 to 4, a thousand pictures each; -1: all",
                          {.least = -1, .most = 4})),
        width_(options.get("width", 256, "of the space where pictures and captions meet",
                           {.least = 1})),
        verify_(options.get("verify", true, "the split must have the official counts")),
        pictures_(options, 64, "cut"),
        text_(options, "coco", 24, 10000) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = "coco_captions";
    spec.kind = "retrieval";
    spec.inputs = {pictures_.input(), text_.tokens()};
    spec.outputs = width_;
    spec.labels = "coco:captions";
    const auto captions = [&](const std::string& split, std::int64_t official) {
      const auto count =
          verify_ ? official : static_cast<std::int64_t>(pictures(folder, split).size());
      return captions_ * count;
    };
    spec.train_size = captions("train", kTrain + (rest_ ? kRest : 0));
    spec.test_size = captions("test", fold_ < 0 ? kTest : kFoldPictures);
    return spec;
  }

  /// Of the official set the first pictures only: names and counts of the others are known.
  std::vector<DataFile> files(const DataFolder& folder) const override {
    auto all = text_.files();
    all.push_back({first_found(folder, kFiles), "", 0});
    std::set<std::string> needed;
    if (verify_)
      needed = {coco_first_picture("train2014"), coco_first_picture("val2014")};
    else
      for (const auto* split : {"train", "test"})
        for (const auto& picture : pictures(folder, split)) needed.insert(picture.file);
    for (auto& file : coco_files(folder, needed)) all.push_back(std::move(file));
    return all;
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto shown = pictures(folder, split);
    std::vector<std::string> files;
    std::vector<std::int64_t> entries;
    for (const auto& picture : shown) {
      entries.insert(entries.end(), picture.captions.size(),
                     static_cast<std::int64_t>(files.size()));
      files.push_back(picture.file);
    }
    const auto tokeniser = text_.tokeniser(
        folder, [&] { return captions_of(split == "train" ? shown : pictures(folder, "train")); });
    const auto entry = at::tensor(entries, at::kLong);
    const auto name =
        "coco-" + split + (split == "test" && fold_ >= 0 ? std::to_string(fold_) : "");
    return {{{"image", picture_table(pictures_, coco_paths(folder, files, kGet), name)},
             {"tokens", text_.read(*tokeniser, captions_of(shown))}},
            {{"entry", entry}},
            {{"image", entry}},
            {}};
  }

 private:
  static std::vector<std::string> captions_of(const std::vector<Picture>& pictures) {
    std::vector<std::string> all;
    for (const auto& picture : pictures)
      all.insert(all.end(), picture.captions.begin(), picture.captions.end());
    return all;
  }

  static std::string file_of(const Json& image) {
    const auto folder = image["filepath"].text(), file = image["filename"].text();
    if (folder != "train2014" && folder != "val2014")
      image["filepath"].refuse("expected train2014 or val2014, found `" + folder + "`\n" + kGet);
    const auto picture = coco_picture(folder, image["cocoid"].integer());
    const auto expected = picture.substr(folder.size() + 1);
    if (file != expected)
      image["filename"].refuse("expected " + expected + ", found " + file + ": ids are mixed up\n" +
                               kGet);
    return picture;
  }

  std::vector<std::string> captions_of(const Json& image) const {
    std::vector<std::string> all;
    for (const auto& sentence : image["sentences"].items()) {
      if (sentence["imgid"].integer() != image["imgid"].integer())
        sentence["imgid"].refuse("the caption of another picture, expected " +
                                 std::to_string(image["imgid"].integer()) + "\n" + kGet);
      if (sentence["raw"].text().empty())
        sentence["raw"].refuse("the caption is empty\n" + std::string(kGet));
      if (all.size() < static_cast<std::size_t>(captions_)) all.push_back(sentence["raw"].text());
    }
    if (all.size() < static_cast<std::size_t>(captions_))
      image["sentences"].refuse("expected " + std::to_string(captions_) + " captions, found " +
                                std::to_string(all.size()) + "\n" + kGet);
    return all;
  }

  /// In the order of the file, of which the folds of the test split are thousands.
  std::vector<Picture> pictures(const DataFolder& folder, const std::string& split) const {
    const DataFile wanted{first_found(folder, kFiles), "", 0};
    const Json file(read_data(folder, wanted, kGet), folder.find(wanted.name));
    std::map<std::string, std::vector<Picture>> parts = {
        {"train", {}}, {"restval", {}}, {"val", {}}, {"test", {}}};
    std::set<std::string> seen;
    for (const auto& image : file["images"].items()) {
      const auto part = parts.find(image["split"].text());
      if (part == parts.end())
        image["split"].refuse("expected train, restval, val or test, found `" +
                              image["split"].text() + "`\n" + kGet);
      part->second.push_back({file_of(image), captions_of(image)});
      if (!seen.insert(part->second.back().file).second)
        image.refuse("the picture " + part->second.back().file + " comes twice\n" + kGet);
    }
    if (verify_) demand_official(parts, file);
    auto& train = parts["train"];
    auto& rest = parts["restval"];
    if (rest_) train.insert(train.end(), rest.begin(), rest.end());
    if (split == "test" && fold_ >= 0) return fold_of(parts["test"], file);
    if (parts[split].empty())
      file["images"].refuse("no picture is of the split " + split + "\n" + kGet);
    return parts[split];
  }

  static void demand_official(const std::map<std::string, std::vector<Picture>>& parts,
                              const Json& file) {
    const std::map<std::string, std::int64_t> official = {
        {"train", kTrain}, {"restval", kRest}, {"val", kValidation}, {"test", kTest}};
    for (const auto& [name, pictures] : parts) {
      if (static_cast<std::int64_t>(pictures.size()) != official.at(name))
        file["images"].refuse("expected " + std::to_string(official.at(name)) + " pictures of " +
                              name + ", found " + std::to_string(pictures.size()) +
                              "; verify = false takes what is there\n" + kGet);
    }
  }

  std::vector<Picture> fold_of(const std::vector<Picture>& test, const Json& file) const {
    const auto first = fold_ * kFoldPictures;
    if (static_cast<std::int64_t>(test.size()) < first + kFoldPictures)
      file["images"].refuse("fold " + std::to_string(fold_) + " takes " +
                            std::to_string(first + kFoldPictures) + " test pictures, there are " +
                            std::to_string(test.size()) + "\n" + kGet);
    return {test.begin() + first, test.begin() + first + kFoldPictures};
  }

  std::int64_t captions_;
  bool rest_;
  std::int64_t fold_, width_;
  bool verify_;
  PictureReader pictures_;
  TextReader text_;
};

}  // namespace

KTB_DATASET(CocoCaptions, "COCO's pictures with five captions each, in Karpathy's split",
            "Lin et al., arXiv 1405.0312; Karpathy and Fei-Fei, arXiv 1412.2306")
