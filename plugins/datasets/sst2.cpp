#include "ktb/files/delimited.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/labelled_texts.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "SST-2: put train.tsv and dev.tsv of GLUE's SST-2.zip into SST-2/ below a data directory;\n"
    "gluebenchmark.com/tasks has it";

class Sst2 final : public LabelledTexts {
 public:
  explicit Sst2(Options& options)
      : LabelledTexts(options, "sst2", {"negative", "positive"}, {67349, 872}, 64, 15000) {}

  std::string get() const override { return kGet; }

 private:
  std::vector<DataFile> own_files(const DataFolder&) const override {
    return {file("train"), file("test")};
  }

  /// The labels of the official test split are secret: its validation split is the test.
  static DataFile file(const std::string& split) {
    return {split == "train" ? "SST-2/train.tsv" : "SST-2/dev.tsv", "", 0};
  }

  Content read(const DataFolder& folder, const std::string& split) const override {
    const auto wanted = file(split);
    const auto bytes = read_data(folder, wanted, kGet);
    const auto path = folder.find(wanted.name);
    const auto rows = read_tsv(bytes, path, 2);
    const auto refuse = [&](const Row& row, const std::string& what) {
      throw Error(path + ", line " + std::to_string(row.line) + ": " + what + "\n" + kGet);
    };
    Content content;
    for (const auto& row : rows) {
      const bool head = row.fields == std::vector<std::string>{"sentence", "label"};
      if (head != (row.line == 1))
        refuse(row, "the first line, and no other, names the columns: sentence, label");
      if (head) continue;
      const auto& label = row.fields[1];
      if (label != "0" && label != "1")
        refuse(row, "the label must be 0 or 1, found `" + label + "`");
      content.add(row.fields[0], label == "1" ? 1 : 0);
    }
    return content;
  }
};

}  // namespace

KTB_DATASET(Sst2, "68,221 phrases of film reviews, 2 sentiments (user-supplied)",
            "Socher et al., EMNLP 2013; Wang et al., arXiv 1804.07461")
