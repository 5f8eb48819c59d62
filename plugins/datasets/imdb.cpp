#include <cstdio>
#include <set>

#include "ktb/files/delimited.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/labelled_texts.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "IMDb: unpack aclImdb_v1.tar.gz (ai.stanford.edu/~amaas/data/sentiment) into a data "
    "directory,\n"
    "so that it holds aclImdb/train/pos/0_9.txt and 49,999 more reviews";

/// The two classes of a split, in the order of their labels.
struct Side {
  const char* name;
  int least, most;  ///< stars that its reviews give
};
constexpr Side kSides[] = {{"neg", 1, 4}, {"pos", 7, 10}};

class Imdb final : public LabelledTexts {
 public:
  explicit Imdb(Options& options)
      : LabelledTexts(options, "imdb", {"negative", "positive"}, {25000, 25000}, 256, 20000) {}

  std::string get() const override { return kGet; }

 private:
  /// Of the official 50,000, which load() counts, the first of each folder.
  std::vector<DataFile> own_files(const DataFolder& folder) const override {
    if (verify()) {
      return {{"aclImdb/train/neg/0_3.txt", "", 0},
              {"aclImdb/train/pos/0_9.txt", "", 0},
              {"aclImdb/test/neg/0_2.txt", "", 0},
              {"aclImdb/test/pos/0_10.txt", "", 0}};
    }
    std::vector<DataFile> all;
    for (const auto* split : {"train", "test"}) {
      for (const auto& side : kSides) {
        const auto path = path_of(split, side);
        for (const auto& name : files_below(folder.require_folder(path, kGet), {".txt"}))
          all.push_back({path + "/" + name, "", 0});
      }
    }
    return all;
  }

  static std::string path_of(const std::string& split, const Side& side) {
    return "aclImdb/" + split + "/" + side.name;
  }

  Content read(const DataFolder& folder, const std::string& split) const override {
    Content content;
    std::set<std::string> distinct;
    for (std::int64_t label = 0; label < 2; ++label) {
      const auto& side = kSides[label];
      const auto path = folder.require_folder(path_of(split, side), kGet);
      for (const auto& name : files_below(path, {".txt"})) {
        const auto file = path + "/" + name;
        check_name(file, name, side);
        const auto text = text_of(read_file(file), file);
        if (text.find_first_not_of(" \r\n\t") == std::string::npos)
          throw Error(file + " is empty: get it again\n" + kGet);
        distinct.insert(text);
        content.add(without_breaks(text), label);
      }
    }
    if (verify()) check_distinct(std::ssize(distinct), split);
    return content;
  }

  /// `127_10.txt`: number and stars.
  static void check_name(const std::string& path, const std::string& name, const Side& side) {
    int number = 0, stars = 0, read = 0;
    if (std::sscanf(name.c_str(), "%d_%d.txt%n", &number, &stars, &read) != 2 ||
        read != std::ssize(name))
      throw Error(path + ": the name of a review is its number and its stars, 127_10.txt\n" + kGet);
    if (stars < side.least || stars > side.most) {
      throw Error(path + ": a review of " + std::to_string(stars) + " stars does not belong to " +
                  side.name + " (" + std::to_string(side.least) + " to " +
                  std::to_string(side.most) + ")\n" + kGet);
    }
  }

  static std::string without_breaks(std::string text) {
    constexpr std::string_view kBreak = "<br />";
    for (auto at = text.find(kBreak); at != std::string::npos; at = text.find(kBreak, at))
      text.replace(at, kBreak.size(), " ");
    return text;
  }

  /// A few reviews came twice. Other numbers: some were changed, or put into both splits' place.
  static void check_distinct(std::int64_t found, const std::string& split) {
    const std::int64_t official = split == "train" ? 24904 : 24801;
    if (found == official) return;
    throw Error("aclImdb/" + split + " has " + std::to_string(found) +
                " distinct reviews, the official one " + std::to_string(official) +
                "; verify = false takes what is there\n" + kGet);
  }
};

}  // namespace

KTB_DATASET(Imdb, "50,000 film reviews, 2 sentiments (user-supplied)", "Maas et al., ACL 2011")
