#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <set>

#include "ktb/files/draw.hpp"
#include "ktb/files/font.hpp"
#include "ktb/files/json.hpp"
#include "ktb/files/picture.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/text_reader.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "Emoji with names and keywords are those of gemojione 3.3.0: scripts/setup --data, or unpack "
    "Debian's ruby-gemojione\n"
    "and put its folder gemojione-3.3.0 below a data directory; the other artist's are in "
    "fonts-noto-color-emoji";
constexpr char kRoot[] = "gemojione-3.3.0";
constexpr char kNoto[] = "fonts/truetype/noto/NotoColorEmoji.ttf";
constexpr std::size_t kTest = 272;

const std::vector<std::string>& categories() {
  static const std::vector<std::string> all = {"activity", "flags",  "food",    "nature",
                                               "objects",  "people", "symbols", "travel"};
  return all;
}

struct Emoji {
  std::string code;  ///< code points in hex: 1F1E8-1F1ED
  std::string name;
  std::int64_t category = 0;
  std::vector<std::string> keywords;

  std::string picture() const { return std::string(kRoot) + "/assets/png/" + code + ".png"; }
  /// In text: the name, then the keywords.
  std::string text(const std::vector<std::string>& some) const {
    auto all = name;
    for (const auto& keyword : some) all += " " + keyword;
    return all;
  }
  /// Three of the keywords, by lot that nothing but the emoji decides.
  std::string caption() const {
    const auto mark = code + " ";
    std::set<std::string> lots;
    for (const auto& keyword : keywords) lots.insert(mark + keyword);
    std::vector<std::string> three;
    for (const auto& lot : drawn(lots, 3)) three.push_back(lot.substr(mark.size()));
    return text(three);
  }
};

/// The numbers of `code`, or none where it is not hexadecimal.
std::vector<char32_t> characters(const std::string& code) {
  std::vector<char32_t> all = {0};
  for (const char c : code) {
    const auto digit = std::string_view("0123456789ABCDEF").find(c);
    if (c == '-')
      all.push_back(0);
    else if (digit == std::string_view::npos || all.back() > 0xFFFFF)
      return {};
    else
      all.back() = all.back() * 16 + static_cast<char32_t>(digit);
  }
  return all;
}

bool has_skin_tone(const std::vector<char32_t>& characters) {
  return std::any_of(characters.begin(), characters.end(),
                     [](char32_t c) { return c >= 0x1F3FB && c <= 0x1F3FF; });
}

/// Without variants in skin tones and without what is in none of the eight categories, by code.
std::vector<Emoji> read_index(const Json& index) {
  std::map<std::string, Emoji> by_code;
  for (const auto& [key, entry] : index.members()) {
    Emoji emoji{entry["unicode"].text(), entry["name"].text(), 0, {}};
    const auto points = characters(emoji.code);
    if (points.empty() || emoji.code.empty())
      entry["unicode"].refuse("`" + emoji.code + "` is no list of code points like 1F1E8-1F1ED");
    const auto category =
        std::find(categories().begin(), categories().end(), entry["category"].text());
    for (const auto& keyword : entry["keywords"].items()) emoji.keywords.push_back(keyword.text());
    if (has_skin_tone(points) || category == categories().end()) continue;
    emoji.category = category - categories().begin();
    if (!by_code.emplace(emoji.code, emoji).second)
      entry["unicode"].refuse(emoji.code + " is there twice");
  }
  std::vector<Emoji> all;
  for (auto& [code, emoji] : by_code) all.push_back(std::move(emoji));
  return all;
}

/// Training and test part of all emoji, whoever drew them.
struct Index {
  explicit Index(std::vector<Emoji> emoji) : all(std::move(emoji)) {
    std::set<std::string> codes;
    for (const auto& one : all) codes.insert(one.code);
    test = drawn(codes, static_cast<std::int64_t>(std::min(kTest, codes.size() / 2)));
  }
  std::vector<Emoji> part(const std::string& split) const {
    std::vector<Emoji> some;
    for (const auto& one : all)
      if (test.contains(one.code) == (split == "test")) some.push_back(one);
    return some;
  }

  std::vector<Emoji> all;
  std::set<std::string> test;
};

class EmojiPictures final : public Dataset {
 public:
  explicit EmojiPictures(Options& options)
      : noto_(options.get("artist", "emojione",
                          "emojione: all; noto: another hand, only emoji of one code point. Both "
                          "have the same split",
                          {"emojione", "noto"}) == "noto"),
        task_(options.get("task", "category",
                          "category: one of 8; retrieval: which picture and caption (name and "
                          "three keywords) belong together; keywords: which of the frequent ones",
                          {"category", "retrieval", "keywords"})),
        inputs_(options.get("inputs", "usual",
                            "image, text (name and keywords) or both; usual: both for retrieval, "
                            "else image",
                            {"usual", "image", "text", "both"})),
        least_(
            options.get("least", 20, "training emoji that a frequent keyword has", {.least = 1})),
        width_(options.get("width", 128, "of the space where pictures and captions meet",
                           {.least = 1})),
        verify_(options.get("verify", true, "the list must be that of gemojione 3.3.0")),
        pictures_(options, 32, "pad"),
        text_(options, "emoji", 24, 3000) {
    if (inputs_ == "usual") inputs_ = task_ == "retrieval" ? "both" : "image";
    if (task_ == "retrieval" && inputs_ != "both")
      throw OptionError("inputs", "retrieval takes both inputs, not `" + inputs_ + "` alone");
    if (task_ == "keywords" && inputs_ != "image")
      throw OptionError("inputs", "the text holds the keywords that are asked for: use `image`");
  }

  TaskSpec task(const DataFolder& folder) const override {
    const auto index = read(folder);
    TaskSpec spec;
    spec.name = "emoji";
    if (has("image")) spec.inputs.push_back(pictures_.input());
    if (has("text")) spec.inputs.push_back(text_.tokens());
    spec.kind = task_ == "retrieval"  ? task_
                : task_ == "keywords" ? "multi_label"
                                      : "classification";
    spec.labels = "emoji:" + task_;
    if (task_ == "keywords") spec.labels += ":" + std::to_string(least_);
    if (task_ == "category") spec.classes = categories();
    if (task_ == "keywords") spec.classes = frequent_keywords(index);
    spec.outputs = task_ == "retrieval" ? width_ : static_cast<std::int64_t>(spec.classes.size());
    spec.categorical = task_ == "category";
    spec.train_size = static_cast<std::int64_t>(drawn_by_artist(index.part("train")).size());
    spec.test_size = static_cast<std::int64_t>(drawn_by_artist(index.part("test")).size());
    return spec;
  }

  std::vector<DataFile> files(const DataFolder& folder) const override {
    auto all = text_.files();
    all.push_back(list());
    if (has("image") && noto_) all.push_back({kNoto, "", 0});
    if (has("image") && !noto_ && !folder.find(list().name).empty())
      for (const auto& emoji : read(folder).all) all.push_back({emoji.picture(), "", 0});
    return all;
  }

  std::string get() const override { return kGet; }
  std::vector<std::string> usual_places() const override {
    return {"/usr/share/rubygems-integration/all/gems", "/usr/share"};
  }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto index = read(folder);
    const auto chosen = drawn_by_artist(index.part(split));
    Split out;
    if (has("image")) out.x["image"] = noto_ ? noto(folder, chosen) : emojione(folder, chosen);
    if (has("text")) out.x["tokens"] = tokens(folder, index, chosen);
    std::vector<std::int64_t> labels;
    for (const auto& emoji : chosen) labels.push_back(emoji.category);
    if (task_ == "category") out.y["label"] = at::tensor(labels, at::kLong);
    if (task_ == "retrieval")
      out.y["entry"] = at::arange(static_cast<std::int64_t>(chosen.size()), at::kLong);
    if (task_ == "keywords") out.y["labels"] = keyword_labels(frequent_keywords(index), chosen);
    return out;
  }

 private:
  bool has(const std::string& input) const { return inputs_ == input || inputs_ == "both"; }

  DataFile list() const {
    constexpr char kDigest[] =
        "sha256:f5a5bea20b35c1ba0827e2809cc38b9918f5d8b066c987794ecf4cd86025ceeb";
    return {std::string(kRoot) + "/config/index.json", verify_ ? kDigest : "", 0};
  }

  Index read(const DataFolder& folder) const {
    const auto file = list();
    return Index(read_index(Json(read_data(folder, file, kGet), file.name)));
  }

  std::vector<Emoji> drawn_by_artist(std::vector<Emoji> emoji) const {
    if (noto_)
      std::erase_if(emoji, [](const Emoji& one) { return characters(one.code).size() > 1; });
    return emoji;
  }

  Tensor emojione(const DataFolder& folder, const std::vector<Emoji>& chosen) const {
    std::vector<std::string> paths;
    for (const auto& emoji : chosen) paths.push_back(folder.require(emoji.picture()));
    return pictures_.load(paths);
  }

  Tensor noto(const DataFolder& folder, const std::vector<Emoji>& chosen) const {
    const PictureFont font(read_data(folder, {kNoto, "", 0}, kGet), kNoto);
    const auto name = [&](std::int64_t i) {
      return std::string(kNoto) + ", U+" + chosen[static_cast<std::size_t>(i)].code;
    };
    const auto png = [&](std::int64_t i) {
      auto bytes = font.picture(characters(chosen[static_cast<std::size_t>(i)].code).front());
      if (bytes.empty()) throw Error(name(i) + ": the font has no picture of it\n" + kGet);
      return bytes;
    };
    return pictures_.decode_all(static_cast<std::int64_t>(chosen.size()), png, name);
  }

  /// The vocabulary is that of all training emoji, so ids mean the same for each artist and task.
  Tensor tokens(const DataFolder& folder, const Index& index,
                const std::vector<Emoji>& chosen) const {
    const auto texts = [](const std::vector<Emoji>& some, bool captions) {
      std::vector<std::string> all;
      for (const auto& emoji : some)
        all.push_back(captions ? emoji.caption() : emoji.text(emoji.keywords));
      return all;
    };
    const auto tokeniser =
        text_.tokeniser(folder, [&] { return texts(index.part("train"), false); });
    return text_.read(*tokeniser, texts(chosen, task_ == "retrieval"));
  }

  std::vector<std::string> frequent_keywords(const Index& index) const {
    std::map<std::string, std::int64_t> counts;
    for (const auto& emoji : index.part("train"))
      for (const auto& keyword : std::set(emoji.keywords.begin(), emoji.keywords.end()))
        ++counts[keyword];
    std::vector<std::string> frequent;
    for (const auto& [keyword, count] : counts)
      if (count >= least_) frequent.push_back(keyword);
    return frequent;
  }

  static Tensor keyword_labels(const std::vector<std::string>& known,
                               const std::vector<Emoji>& chosen) {
    auto labels = at::zeros(
        {static_cast<std::int64_t>(chosen.size()), static_cast<std::int64_t>(known.size())});
    auto* row = labels.mutable_data_ptr<float>();
    for (const auto& emoji : chosen) {
      for (const auto& keyword : emoji.keywords) {
        const auto at = std::lower_bound(known.begin(), known.end(), keyword);
        if (at != known.end() && *at == keyword) row[at - known.begin()] = 1;
      }
      row += known.size();
    }
    return labels;
  }

  bool noto_;
  std::string task_, inputs_;
  std::int64_t least_, width_;
  bool verify_;
  PictureReader pictures_;
  TextReader text_;
};

}  // namespace

KTB_DATASET(EmojiPictures, "emoji by two artists, with names and keywords; 8 categories",
            "EmojiOne, CC BY-SA 4.0; Noto Color Emoji, OFL 1.1")
