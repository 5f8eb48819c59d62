// Readers of what data sets are made of; the data sets themselves are loaded as plugins.
#include <dlfcn.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "fuzz/targets.hpp"
#include "ktb/abi.hpp"
#include "ktb/dataset.hpp"
#include "ktb/files/audio.hpp"
#include "ktb/files/cache.hpp"
#include "ktb/files/delimited.hpp"
#include "ktb/files/font.hpp"
#include "ktb/files/picture.hpp"
#include "ktb/options.hpp"
#include "ktb/text/vqa_answer.hpp"
#include "ktb/text/wordnet.hpp"
#include "ktb/text/wordpiece.hpp"
#include "ktb/text/words.hpp"
#include "run/weights/weights_file.hpp"
#include "temporary_folder.hpp"

namespace ktb::fuzz {
namespace {

namespace fs = std::filesystem;
using Given = std::map<std::string, Value>;

std::string text_of_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A stream goes on where the fuzzer's own signals interrupt it.
void write(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary).write(content.data(), std::ssize(content));
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

/// Calls each of them, whatever the ones before it throw; then throws what the last one threw.
template <class... Work>
void all_of(Work... work) {
  std::exception_ptr refused;
  const auto one = [&](auto& call) {
    try {
      call();
    } catch (const Error&) {
      refused = std::current_exception();
    }
  };
  (one(work), ...);
  if (refused) std::rethrow_exception(refused);
}

std::shared_ptr<Dataset> dataset(const std::string& name, const Given& given) {
  const auto path = std::string(KTB_PLUGIN_DIR) + "/datasets/" + name + ".so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) throw std::runtime_error(dlerror());
  Registrar registrar;
  static_cast<const PluginDescriptor*>(dlsym(library, "ktb_plugin_descriptor"))->fill(registrar);
  Options options(given);
  return registrar.dataset(options);
}

/// A data set whose other files are as they should be.
class DataPlace {
 public:
  DataPlace(const std::string& name, const Given& given,
            const std::map<std::string, std::string>& others)
      : dataset_(dataset(name, given)) {
    for (const auto& [path, content] : others) write(own_.path() / path, content);
  }

  /// Asks all that the harness asks of a data set, with this file at `path`.
  void read(const std::string& path, const std::string& content, const std::string& split) const {
    write(own_.path() / path, content);
    all_of([&] { dataset_->task(places_); }, [&] { dataset_->files(places_); },
           [&] { dataset_->load(places_, split); });
  }

 private:
  TemporaryFolder own_;
  DataFolder places_{{own_.path().string()}};
  std::shared_ptr<Dataset> dataset_;
};

void read_picture(const fs::path& file) {
  static Options options({{"exif", true}});
  static const PictureReader padded(options, 16, "pad");
  static Options others;
  static const PictureReader cut(others, 16, "cut", 1);
  const auto bytes = read_file(file.string());
  all_of([&] { padded.decode(bytes, "picture"); }, [&] { cut.decode(bytes, "picture"); });
}

void read_outline_font(const fs::path& file) {
  const OutlineFont font(read_file(file.string()), file.filename().string());
  font.family();
  for (const auto character : U"Ag1\u00e4\u6771") font.glyph(character, 24);
}

void read_picture_font(const fs::path& file) {
  const PictureFont font(read_file(file.string()), file.filename().string());
  for (const auto character : U"Ag1\U0001F600") font.picture(character);
}

void read_sound(const fs::path& file) {
  static Options options;
  static const LogMel features(options, {.seconds = 0.2, .trim = 40});
  features.features(decode_sound(read_file(file.string()), file.filename().string()));
}

/// BERT's vocabulary has 30,522 lines; here all but a few are of no use.
std::string small_vocabulary() {
  std::string lines = "[PAD]\n";
  for (int i = 1; i < WordPiece::kSize; ++i) {
    const auto special = std::map<int, std::string>{
        {100, "[UNK]"}, {101, "[CLS]"}, {102, "[SEP]"}, {103, "[MASK]"}, {200, "a"},
        {201, "##a"},   {202, "the"},   {203, "##re"},  {204, "\u6771"}, {205, "##\u00df"}};
    const auto found = special.find(i);
    lines += (found == special.end() ? "[unused" + std::to_string(i) + "]" : found->second) + "\n";
  }
  return lines;
}

void read_words(const fs::path& file) {
  static const WordPiece pieces(bytes_of(small_vocabulary()), "vocab.txt");
  const auto text = text_of_file(file);
  all_of([&] { pieces.windows(pieces.tokens("a there"), pieces.tokens(text), 12, 4); },
         [&] { WordPiece(bytes_of(text), "vocab.txt"); }, [&] { clean_answer(text); },
         [&] { Words("fuzz", {text}, 100).tokens(text); });
}

/// Tables, and the data sets whose files are some.
void read_table(const fs::path& file) {
  static const DataPlace films("sst2", {{"verify", false}},
                               {{"SST-2/train.tsv", "sentence\tlabel\na film\t1\nno\t0\n"}});
  static const DataPlace news("ag_news", {{"verify", false}},
                              {{"ag_news_csv/train.csv", "\"3\",\"Oil\",\"Prices\"\n"}});
  const auto text = text_of_file(file);
  all_of([&] { read_tsv(bytes_of(text), "f.tsv", 2); },
         [&] { read_csv(bytes_of(text), "f.csv", 3); },
         [&] { films.read("SST-2/dev.tsv", text, "test"); },
         [&] { news.read("ag_news_csv/test.csv", text, "test"); });
}

constexpr char kSquad[] = R"({"version": "1.1", "data": [{"title": "T", "paragraphs": [{"context":
"Warsaw lies on the Vistula.", "qas": [{"id": "1", "question": "Where?", "answers":
[{"text": "Vistula", "answer_start": 19}]}]}]}]})";

void read_squad_data(const fs::path& file) {
  static const DataPlace place("squad",
                               {{"verify", false},
                                {"length", std::int64_t{48}},
                                {"question_length", std::int64_t{12}},
                                {"stride", std::int64_t{8}}},
                               {{"squad/train-v1.1.json", kSquad}});
  place.read("squad/dev-v1.1.json", text_of_file(file), "test");
}

constexpr char kQuestions[] = R"({"data_subtype": "val2014", "questions":
[{"image_id": 42, "question": "Is it blue?", "question_id": 421}]})";
constexpr char kAnnotations[] = R"({"data_subtype": "val2014", "annotations": [{"image_id": 42,
"question_id": 421, "multiple_choice_answer": "yes", "question_type": "is it", "answer_type": "yes/no",
"answers": [{"answer": "yes"}, {"answer": "yes"}, {"answer": "yes"}, {"answer": "yes"}, {"answer": "yes"},
{"answer": "yes"}, {"answer": "yes"}, {"answer": "no"}, {"answer": "no"}, {"answer": "no"}]}]})";

void read_vqa_data(const fs::path& file) {
  const std::string asked = "vqa2/v2_OpenEnded_mscoco_val2014_questions.json";
  const std::string answered = "vqa2/v2_mscoco_val2014_annotations.json";
  auto train = [](std::string text) { return text.replace(text.find("val2014"), 7, "train2014"); };
  const Given given = {{"verify", false}, {"least", std::int64_t{1}}};
  const std::map<std::string, std::string> others = {
      {"vqa2/v2_OpenEnded_mscoco_train2014_questions.json", train(kQuestions)},
      {"vqa2/v2_mscoco_train2014_annotations.json", train(kAnnotations)},
      {asked, kQuestions},
      {answered, kAnnotations}};
  static const DataPlace questions("vqa2", given, others);
  static const DataPlace annotations("vqa2", given, others);
  const auto text = text_of_file(file);
  all_of([&] { questions.read(asked, text, "test"); },
         [&] { annotations.read(answered, text, "test"); });
}

void read_coco(const fs::path& file) {
  static const DataPlace place("coco_captions", {{"verify", false}}, {});
  place.read("coco/dataset_coco.json", text_of_file(file), "test");
}

void read_emoji(const fs::path& file) {
  static const DataPlace place("emoji", {{"verify", false}}, {});
  place.read("gemojione-3.3.0/config/index.json", text_of_file(file), "test");
}

void read_idx(const fs::path& file) {
  static const auto one = [](const std::string& dimensions, std::size_t values) {
    return std::string("\0\0\x08", 3) + dimensions + std::string(values, '\x01');
  };
  const auto images = one({"\x03\0\0\0\x01\0\0\0\x1c\0\0\0\x1c", 13}, 784);
  const auto labels = one({"\x01\0\0\0\x01", 5}, 1);
  static const DataPlace place("fashion_mnist", {{"verify", false}},
                               {{"fashion-mnist/train-labels-idx1-ubyte", labels},
                                {"fashion-mnist/t10k-images-idx3-ubyte", images}});
  const auto text = text_of_file(file);
  all_of([&] { place.read("fashion-mnist/train-images-idx3-ubyte", text, "train"); },
         [&] { place.read("fashion-mnist/t10k-labels-idx1-ubyte", text, "test"); });
}

void read_cifar(const fs::path& file) {
  static const DataPlace ten("cifar10", {{"verify", false}}, {});
  static const DataPlace hundred("cifar100", {{"verify", false}}, {});
  const auto text = text_of_file(file);
  all_of([&] { ten.read("cifar-10-batches-bin/test_batch.bin", text, "test"); },
         [&] { hundred.read("cifar-100-binary/test.bin", text, "test"); });
}

void read_cifar_python(const fs::path& file) {
  static const DataPlace ten("cifar10", {{"verify", false}},
                             {{"cifar-10-batches-py/data_batch_1", "\x80\x02}."}});
  static const DataPlace hundred("cifar100", {{"verify", false}},
                                 {{"cifar-100-python/train", "\x80\x02}."}});
  const auto text = text_of_file(file);
  all_of([&] { ten.read("cifar-10-batches-py/test_batch", text, "test"); },
         [&] { hundred.read("cifar-100-python/test", text, "test"); },
         [&] { hundred.read("cifar-100-python/meta", text, "test"); });
}

/// A file of NumPy as each of the arrays that a data set may be made of.
void read_arrays(const fs::path& file) {
  const auto text = text_of_file(file);
  const auto as = [&](const std::string& what, const std::string& others) {
    const auto of = [&](const std::string& name) {
      return [&, name](const std::string& split) { return "a/" + split + "_" + name + ".npy"; };
    };
    DataPlace place(
        "arrays", {{"root", std::string("a")}, {"target", others}},
        {{of(others)("train"), text}, {of(others)("test"), text}, {of(what)("test"), text}});
    place.read(of(what)("train"), text, "train");
  };
  all_of([&] { as("image", "label"); }, [&] { as("state", "value"); },
         [&] { as("tokens", "labels"); });
}

void read_wordnet(const fs::path& file) {
  static const TemporaryFolder own;
  const auto text = text_of_file(file);
  for (const auto* part : {"noun", "verb", "adj", "adv"})
    for (const auto& name : {std::string("data.") + part, std::string(part) + ".exc"})
      write(own.path() / "wordnet" / name,
            name.ends_with("verb") || name == "noun.exc" ? text : std::string());
  Options options({{"verify", false}});
  const WordNet wordnet(options);
  const DataFolder folder({own.path().string()});
  all_of([&] { wordnet.synsets(folder); }, [&] { wordnet.exceptions(folder, 'n'); });
}

void read_cache(const fs::path& file) {
  static const TemporaryFolder own;
  const std::string key(64, 'a');
  write(own.path() / ("fuzz-" + key.substr(0, 16) + ".bin"), text_of_file(file));
  cached(own.path().string(), "fuzz", key, {3, 4}, at::kByte, [](Tensor& out) { out.fill_(7); });
}

/// The bytes of a tensor's first and last element are there.
void touch(const Tensor& tensor) {
  std::int64_t last = 0;
  for (std::int64_t axis = 0; axis < tensor.dim(); ++axis)
    last += (tensor.size(axis) - 1) * tensor.stride(axis);
  if (tensor.numel() == 0) return;
  const auto* bytes = static_cast<const volatile char*>(tensor.const_data_ptr());
  static_cast<void>(bytes[0]);
  static_cast<void>(bytes[(last + 1) * static_cast<std::int64_t>(tensor.element_size()) - 1]);
}

void read_weights(const fs::path& file) {
  for (const auto& entry : run::open_weights(file.string()).tensors) touch(entry.read());
}

void read_packed(const fs::path& file) {
  static const TemporaryFolder own;
  const auto packed = own.path() / "in.gz";
  write(packed, text_of_file(file));
  read_file(packed.string());
}

}  // namespace

const std::map<std::string, Target>& targets() {
  static const auto& all = *new std::map<std::string, Target>{
      {"picture", read_picture},
      {"outline_font", read_outline_font},
      {"picture_font", read_picture_font},
      {"sound", read_sound},
      {"words", read_words},
      {"table", read_table},
      {"squad_data", read_squad_data},
      {"vqa_data", read_vqa_data},
      {"coco", read_coco},
      {"emoji", read_emoji},
      {"idx", read_idx},
      {"cifar", read_cifar},
      {"cifar_python", read_cifar_python},
      {"arrays", read_arrays},
      {"wordnet", read_wordnet},
      {"cache", read_cache},
      {"packed", read_packed},
      {"weights", read_weights},
  };
  return all;
}

void run(const Target& target, const fs::path& file) {
  try {
    target(file);
  } catch (const Error&) {  // said with file, place and cause
  }
}

}  // namespace ktb::fuzz
