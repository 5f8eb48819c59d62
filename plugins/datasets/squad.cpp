#include <algorithm>
#include <map>
#include <set>

#include "ktb/files/json.hpp"
#include "ktb/files/layout.hpp"
#include "ktb/files/unicode.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/passages.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "SQuAD: put train-v1.1.json and dev-v1.1.json (or those of v2.0) into squad/ below a data "
    "directory;\n"
    "they are at rajpurkar.github.io/SQuAD-explorer";

/// The official files of one version.
struct Version {
  DataFile train, dev;
};
const std::map<std::string, Version>& versions() {
  static const std::map<std::string, Version> known = {
      {"1.1",
       {{"train-v1.1.json",
         "sha256:3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955", 30288272},
        {"dev-v1.1.json", "sha256:95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9",
         4854279}}},
      {"2.0",
       {{"train-v2.0.json", "md5:62108c273c268d70893182d5cf8df740", 0},
        {"dev-v2.0.json", "md5:246adae8b7002f8679c027697b0b7cf8", 0}}}};
  return known;
}

class Squad final : public Dataset {
 public:
  explicit Squad(Options& options)
      : version_(options.get("version", "1.1", "2.0 has questions without an answer, too",
                             {"1.1", "2.0"})),
        reader_(options, "squad-" + version_, 384, 30000, 64, 128),
        verify_(options.get("verify", true, "the files must be the official ones")) {}

  TaskSpec task(const DataFolder& folder) const override {
    auto spec = reader_.task();
    spec.name = "squad";
    const auto train = questions(folder, "train");
    const auto tokeniser = tokeniser_of(folder, train);
    spec.train_size = reader_.count(train, *tokeniser);
    spec.test_size = reader_.count(questions(folder, "test"), *tokeniser);
    return spec;
  }

  std::vector<DataFile> files(const DataFolder& folder) const override {
    std::vector<DataFile> all = {file(folder, "train"), file(folder, "test")};
    for (const auto& other : reader_.reader().files()) all.push_back(other);
    return all;
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto train = questions(folder, "train");
    const auto tokeniser = tokeniser_of(folder, train);
    return reader_.read(split == "train" ? train : questions(folder, split), *tokeniser);
  }

 private:
  /// In its folder, or right in a data directory.
  DataFile file(const DataFolder& folder, const std::string& split) const {
    const auto& version = versions().at(version_);
    auto file = split == "train" ? version.train : version.dev;
    file.name = first_found(folder, {"squad/" + file.name, file.name});
    return verify_ ? file : DataFile{file.name, "", 0};
  }

  std::unique_ptr<Tokeniser> tokeniser_of(const DataFolder& folder,
                                          const std::vector<Question>& train) const {
    return reader_.reader().tokeniser(folder, [&] {
      std::vector<std::string> texts;
      const std::string* last = nullptr;
      for (const auto& question : train) {
        if (question.passage.get() != last) texts.push_back(*question.passage);
        last = question.passage.get();
        texts.push_back(question.text);
      }
      return texts;
    });
  }

  std::vector<Question> questions(const DataFolder& folder, const std::string& split) const {
    const auto wanted = file(folder, split);
    const Json root(read_data(folder, wanted, kGet), wanted.name);
    if (verify_ || root.has("version")) check_version(root["version"]);
    std::vector<Question> all;
    std::set<std::string> ids;
    for (const auto& article : root["data"].items()) {
      for (const auto& paragraph : article["paragraphs"].items()) {
        const auto passage = std::make_shared<const std::string>(paragraph["context"].text());
        for (const auto& asked : paragraph["qas"].items()) {
          all.push_back(
              {asked["id"].text(), asked["question"].text(), passage, answers(asked, *passage)});
          if (!ids.insert(all.back().id).second) asked["id"].refuse("another question has this id");
        }
      }
    }
    if (all.empty()) root["data"].refuse("there is no question");
    return all;
  }

  void check_version(const Json& found) const {
    if (found.text().find(version_) == std::string::npos)
      found.refuse("expected " + version_ + ", found " + found.text() +
                   "; option `version` has the other");
  }

  std::vector<Question::Answer> answers(const Json& question, const std::string& passage) const {
    std::vector<Question::Answer> all;
    for (const auto& answer : question["answers"].items())
      all.push_back({answer["text"].text(), place(answer, passage)});
    const bool impossible = question.has("is_impossible") && question["is_impossible"].truth();
    if (impossible && !all.empty()) question.refuse("it is impossible, and has answers");
    if (!impossible && all.empty())
      question.refuse("it has no answer, and is not said to be impossible");
    return all;
  }

  /// Where an answer begins. Some of the official files' begin a character or two before the place
  /// that they give.
  std::int64_t place(const Json& answer, const std::string& passage) const {
    const auto text = answer["text"].text();
    const auto given = answer["answer_start"].integer(), size = count_points(text);
    for (auto begin = given; begin >= 0 && begin + 2 >= given; --begin)
      if (cut_points(passage, begin, begin + size) == text) return begin;
    if (!verify_)
      answer.refuse("the passage has another text at " + std::to_string(given) + ": `" +
                    cut_points(passage, std::max<std::int64_t>(0, given), given + size) +
                    "`; answer_start counts code points");
    return given;
  }

  std::string version_;
  PassageReader reader_;
  bool verify_;
};

}  // namespace

KTB_DATASET(Squad, "questions on paragraphs of Wikipedia, answered by a span (user-supplied)",
            "Rajpurkar et al., arXiv 1606.05250 and 1806.03822")
