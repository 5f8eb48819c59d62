#include "ktb/files/delimited.hpp"
#include "ktb/files/layout.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/labelled_texts.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "AG News: put train.csv and test.csv into ag_news_csv/ or ag_news/ below a data directory;\n"
    "they are in ag_news_csv.tar.gz, which came with Zhang et al., arXiv 1509.01626";

class AgNews final : public LabelledTexts {
 public:
  explicit AgNews(Options& options)
      : LabelledTexts(options, "ag_news", {"World", "Sports", "Business", "Sci/Tech"},
                      {120000, 7600}, 64, 20000) {}

  std::string get() const override { return kGet; }

 private:
  std::vector<DataFile> own_files(const DataFolder& folder) const override {
    return {file(folder, "train"), file(folder, "test")};
  }

  DataFile file(const DataFolder& folder, const std::string& split) const {
    const auto path =
        first_found(folder, {"ag_news_csv/" + split + ".csv", "ag_news/" + split + ".csv"});
    if (!verify()) return {path, "", 0};
    return {path,
            split == "train" ? "md5:b1a00f826fdfbd249f79597b59e1dc12"
                             : "md5:d52ea96a97a2d943681189a97654912d",
            0};
  }

  /// Title and description, as one text.
  Content read(const DataFolder& folder, const std::string& split) const override {
    const auto wanted = file(folder, split);
    const auto bytes = read_data(folder, wanted, kGet);
    const auto path = folder.find(wanted.name);
    Content content;
    for (const auto& row : read_csv(bytes, path, 3)) {
      const auto& label = row.fields[0];
      if (label.size() != 1 || label[0] < '1' || label[0] > '4') {
        throw Error(path + ", line " + std::to_string(row.line) +
                    ": the class must be 1, 2, 3 or 4, found `" + label + "`\n" + kGet);
      }
      content.add(row.fields[1] + " " + row.fields[2], label[0] - '1');
    }
    return content;
  }
};

}  // namespace

KTB_DATASET(AgNews, "127,600 news, title and description, 4 topics (user-supplied)",
            "Zhang et al., arXiv 1509.01626")
