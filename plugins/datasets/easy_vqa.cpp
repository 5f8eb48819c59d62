#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <set>

#include "ktb/files/json.hpp"
#include "ktb/files/picture.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/text_reader.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "easy-VQA is the package easy-vqa 1.0 of PyPI: scripts/setup --data, or put its folder "
    "easy_vqa "
    "below a data directory.\n"
    "Where it is not there, pictures and questions of the same kind are generated: source = "
    "\"generated\"";
constexpr std::int64_t kSide = 64;

const std::vector<std::string>& answers() {
  static const std::vector<std::string> all = {"yes",  "no",    "circle", "rectangle", "triangle",
                                               "gray", "black", "red",    "green",     "blue",
                                               "teal", "brown", "yellow"};
  return all;
}

constexpr std::array<const char*, 3> kShapes = {"rectangle", "circle", "triangle"};
struct Colour {
  const char* name;
  std::array<std::uint8_t, 3> rgb;
};
constexpr std::array<Colour, 8> kColours = {{{"black", {0, 0, 0}},
                                             {"gray", {128, 128, 128}},
                                             {"red", {255, 0, 0}},
                                             {"green", {0, 255, 0}},
                                             {"blue", {0, 0, 255}},
                                             {"yellow", {255, 255, 0}},
                                             {"teal", {0, 128, 128}},
                                             {"brown", {165, 42, 42}}}};

struct Question {
  std::string text, answer;
  std::int64_t picture = 0;
  unsigned percent = 0;  ///< of the pictures, about, that it is asked of
};

// What is asked; the star stands for a thing or a colour.
constexpr std::array kAskShape = {"what shape is in the image?", "what shape is present?",
                                  "what shape does the image contain?", "what is the * shape?"};
constexpr std::array kAskColour = {"what color is the *?", "what is the color of the *?"};
constexpr std::array kAskPresent = {"is there a *?", "is there a * in the image?",
                                    "does the image contain a *?", "is a * present?"};
constexpr std::array kAskAbsent = {"is there not a *?", "is there not a * in the image?",
                                   "does the image not contain a *?", "is no * present?"};

/// Everything that can be asked of a picture of one shape.
std::vector<Question> questions_about(std::size_t shape, std::size_t colour) {
  std::vector<Question> all;
  const auto ask = [&](const auto& texts, const std::string& thing, const std::string& answer,
                       unsigned percent) {
    for (std::string text : texts) {
      if (const auto star = text.find('*'); star != std::string::npos) text.replace(star, 1, thing);
      all.push_back({text, answer, 0, percent});
    }
  };
  constexpr unsigned kOpen = 32, kYesNo = 8;
  const auto ask_whether = [&](const std::string& thing, bool there) {
    ask(kAskPresent, thing, there ? "yes" : "no", kYesNo);
    ask(kAskAbsent, thing, there ? "no" : "yes", kYesNo);
  };
  ask(kAskShape, kColours[colour].name, kShapes[shape], kOpen);
  ask(kAskColour, kShapes[shape], kColours[colour].name, kOpen);
  ask(kAskColour, "shape", kColours[colour].name, kOpen);
  for (std::size_t i = 0; i < kShapes.size(); ++i) ask_whether(kShapes[i], i == shape);
  for (std::size_t i = 0; i < kColours.size(); ++i)
    ask_whether(std::string(kColours[i].name) + " shape", i == colour);
  return all;
}

/// Every question there is: the vocabulary's words have the same ids wherever questions come from.
std::vector<std::string> all_questions() {
  std::set<std::string> texts;
  for (std::size_t shape = 0; shape < kShapes.size(); ++shape)
    for (std::size_t colour = 0; colour < kColours.size(); ++colour)
      for (const auto& question : questions_about(shape, colour)) texts.insert(question.text);
  return {texts.begin(), texts.end()};
}

/// One shape on a bright ground, as a PPM file.
class Scene {
 public:
  explicit Scene(std::mt19937_64& random)
      : shape(random() % kShapes.size()), colour(random() % kColours.size()) {
    for (auto& channel : ground_) channel = static_cast<int>(230 + random() % 26);
    const auto extent = [&] {
      return static_cast<int>(kFine / 8 + random() % (kFine * 3 / 8 + 1));
    };
    width_ = height_ = extent();
    if (shape == kRectangle) height_ = extent();
    if (shape == kTriangle) height_ = static_cast<int>(std::lround(width_ * std::sqrt(0.75)));
    left_ = static_cast<int>(random() % static_cast<unsigned>(kFine - width_ + 1));
    top_ = static_cast<int>(random() % static_cast<unsigned>(kFine - height_ + 1));
  }

  /// Drawn at twice the size: a pixel is the mean of four.
  Bytes ppm() const {
    const std::string head = "P6 64 64 255\n";
    Bytes file(head.begin(), head.end());
    for (int y = 0; y < kFine; y += 2) {
      for (int x = 0; x < kFine; x += 2) {
        const int covered =
            covers(x, y) + covers(x + 1, y) + covers(x, y + 1) + covers(x + 1, y + 1);
        for (std::size_t c = 0; c < 3; ++c) {
          const int ink = covered * kColours[colour].rgb[c] + (4 - covered) * ground_[c];
          file.push_back(static_cast<std::uint8_t>((ink + 2) / 4));
        }
      }
    }
    return file;
  }

  std::size_t shape, colour;

 private:
  static constexpr int kFine = 2 * kSide;
  static constexpr std::size_t kRectangle = 0, kTriangle = 2;

  int covers(int at_x, int at_y) const {
    const double x = (at_x + 0.5 - left_) / width_, y = (at_y + 0.5 - top_) / height_;
    if (x < 0 || x > 1 || y < 0 || y > 1) return 0;
    if (shape == kRectangle) return 1;
    if (shape == kTriangle) return std::abs(x - 0.5) <= y / 2 ? 1 : 0;
    return std::hypot(x - 0.5, y - 0.5) <= 0.5 ? 1 : 0;
  }

  std::array<int, 3> ground_{};
  int width_ = 0, height_ = 0, left_ = 0, top_ = 0;
};

/// What one split holds.
struct Content {
  std::vector<Question> questions;
  std::vector<Bytes> drawn;        ///< generated pictures, or
  std::vector<std::string> paths;  ///< files
};

/// The package's files of a split.
struct Part {
  const char *split, *digest;
  std::int64_t pictures, questions;

  std::string folder() const { return std::string("easy_vqa/data/") + split; }
  std::string json() const { return folder() + "/questions.json"; }
  std::string picture(std::int64_t i) const {
    return folder() + "/images/" + std::to_string(i) + ".png";
  }
};
constexpr std::array<Part, 2> kParts = {
    {{"train", "sha256:bb67697636aed0e65631d4266824aebeae5c833b0f37ed781e20752e85617ec5", 4000,
      38575},
     {"test", "sha256:0d4630a51bafec65343e2f6af9cdd20cf8eae214344ef57636202eec409553f7", 1000,
      9673}}};

Content generate(const Part& part, std::int64_t seed) {
  std::mt19937_64 random(2 * static_cast<std::uint64_t>(seed) + (part.split == kParts[1].split));
  Content content;
  for (std::int64_t i = 0; i < part.pictures; ++i) {
    const Scene scene(random);
    content.drawn.push_back(scene.ppm());
    for (auto& question : questions_about(scene.shape, scene.colour)) {
      if (random() % 100 >= question.percent) continue;
      question.picture = i;
      content.questions.push_back(std::move(question));
    }
  }
  return content;
}

class EasyVqa final : public Dataset {
 public:
  explicit EasyVqa(Options& options)
      : source_(options.get("source", "auto",
                            "package: its files; generated: drawn and asked afresh, by the same "
                            "rules; auto: the package where it is there",
                            {"auto", "package", "generated"})),
        seed_(options.get("seed", 0, "of what is generated", {.least = 0})),
        verify_(options.get("verify", true, "the package's files must be the official ones")),
        pictures_(options, kSide, "cut"),
        text_(options, "easy_vqa", 12, 40) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = "easy_vqa";
    spec.kind = "vqa";
    spec.inputs = {pictures_.input(), text_.tokens()};
    spec.classes = answers();
    spec.outputs = static_cast<std::int64_t>(spec.classes.size());
    spec.labels = "easy_vqa:answers";
    spec.categorical = true;
    const bool known = from_package(folder) && verify_;
    const auto size = [&](const Part& part) {
      if (known) return part.questions;
      return static_cast<std::int64_t>(content(folder, part).questions.size());
    };
    spec.train_size = size(kParts[0]);
    spec.test_size = size(kParts[1]);
    return spec;
  }

  /// None where everything is generated.
  std::vector<DataFile> files(const DataFolder& folder) const override {
    auto all = text_.files();
    if (!from_package(folder)) return all;
    for (const auto& part : kParts) {
      all.push_back({part.json(), verify_ ? part.digest : "", 0});
      const auto count = verify_ ? part.pictures : picture_count(read(folder, part));
      for (std::int64_t i = 0; i < count; ++i) all.push_back({part.picture(i), "", 0});
    }
    return all;
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto& part = kParts[split == kParts[0].split ? 0 : 1];
    const auto all = content(folder, part);
    std::vector<std::string> texts;
    std::vector<std::int64_t> labels, pictures;
    Split out;
    for (const auto& question : all.questions) {
      texts.push_back(question.text);
      pictures.push_back(question.picture);
      labels.push_back(std::find(answers().begin(), answers().end(), question.answer) -
                       answers().begin());
      out.texts["answers"].push_back({question.answer});
    }
    out.x["image"] = images(all);
    out.rows["image"] = at::tensor(pictures, at::kLong);
    out.x["tokens"] = text_.read(*text_.tokeniser(folder, all_questions), texts);
    out.y["label"] = at::tensor(labels, at::kLong);
    out.y["entry"] = at::arange(static_cast<std::int64_t>(labels.size()), at::kLong);
    return out;
  }

 private:
  bool from_package(const DataFolder& folder) const {
    if (source_ != "auto") return source_ == "package";
    return !folder.find(kParts[0].json()).empty() || !folder.find(kParts[1].json()).empty();
  }

  Content content(const DataFolder& folder, const Part& part) const {
    if (!from_package(folder)) return generate(part, seed_);
    Content content{read(folder, part), {}, {}};
    for (std::int64_t i = 0; i < picture_count(content.questions); ++i)
      content.paths.push_back(folder.require(part.picture(i)));
    return content;
  }

  /// questions.json: a list of [question, answer, number of the picture].
  std::vector<Question> read(const DataFolder& folder, const Part& part) const {
    const DataFile file = {part.json(), verify_ ? part.digest : "", 0};
    std::vector<Question> all;
    for (const auto& row : Json(read_data(folder, file, kGet), file.name).items()) {
      const auto parts = row.items();
      if (parts.size() != 3) row.refuse("expected a question, its answer and a picture's number");
      const auto answer = parts[1].text();
      if (std::find(answers().begin(), answers().end(), answer) == answers().end())
        parts[1].refuse("`" + answer + "` is none of the 13 answers of easy-VQA");
      if (parts[2].integer() < 0) parts[2].refuse("a picture's number cannot be negative");
      all.push_back({parts[0].text(), answer, parts[2].integer(), 0});
    }
    if (all.empty()) throw Error(file.name + " holds no question\n" + kGet);
    return all;
  }

  static std::int64_t picture_count(const std::vector<Question>& questions) {
    std::int64_t count = 0;
    for (const auto& question : questions) count = std::max(count, question.picture + 1);
    return count;
  }

  Tensor images(const Content& content) const {
    if (content.drawn.empty()) return pictures_.load(content.paths);
    return pictures_.decode_all(
        static_cast<std::int64_t>(content.drawn.size()),
        [&](std::int64_t i) { return content.drawn[static_cast<std::size_t>(i)]; },
        [](std::int64_t i) { return "generated picture " + std::to_string(i); });
  }

  std::string source_;
  std::int64_t seed_;
  bool verify_;
  PictureReader pictures_;
  TextReader text_;
};

}  // namespace

KTB_DATASET(EasyVqa, "questions about pictures of one coloured shape, 13 answers; also generated",
            "easy-VQA by V. Zhou, MIT licence")
