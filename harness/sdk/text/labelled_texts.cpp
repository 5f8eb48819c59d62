#include "ktb/text/labelled_texts.hpp"

#include <ATen/ops/tensor.h>

#include <utility>

namespace ktb {

void LabelledTexts::Content::add(std::string text, std::int64_t label) {
  texts.push_back(std::move(text));
  labels.push_back(label);
}

LabelledTexts::LabelledTexts(Options& options, const std::string& name,
                             std::vector<std::string> classes, Sizes official, std::int64_t length,
                             std::int64_t vocabulary)
    : reader_(options, name, length, vocabulary),
      verify_(options.get("verify", true, "the files must be the official ones")) {
  spec_.name = spec_.labels = name;
  spec_.kind = "classification";
  spec_.inputs = {reader_.tokens()};
  spec_.classes = std::move(classes);
  spec_.outputs = static_cast<std::int64_t>(spec_.classes.size());
  spec_.categorical = true;
  spec_.train_size = official.train;
  spec_.test_size = official.test;
}
LabelledTexts::~LabelledTexts() = default;

TaskSpec LabelledTexts::task(const DataFolder& folder) const {
  auto spec = spec_;
  if (verify_) return spec;
  spec.train_size = std::ssize(checked(folder, "train").texts);
  spec.test_size = std::ssize(checked(folder, "test").texts);
  return spec;
}

std::vector<DataFile> LabelledTexts::files(const DataFolder& folder) const {
  auto all = own_files(folder);
  for (const auto& file : reader_.files()) all.push_back(file);
  return all;
}

Split LabelledTexts::load(const DataFolder& folder, const std::string& split) const {
  const auto content = checked(folder, split);
  const auto tokeniser = reader_.tokeniser(
      folder, [&] { return split == "train" ? content.texts : checked(folder, "train").texts; });
  return {{{"tokens", reader_.read(*tokeniser, content.texts)}},
          {{"label", at::tensor(content.labels, at::kLong)}},
          {},
          {}};
}

LabelledTexts::Content LabelledTexts::checked(const DataFolder& folder,
                                              const std::string& split) const {
  auto content = read(folder, split);
  const auto official = split == "train" ? spec_.train_size : spec_.test_size;
  const auto found = std::ssize(content.texts);
  if (found == 0 || (verify_ && found != official)) {
    throw Error("the " + split + " split of " + spec_.name + " has " + std::to_string(found) +
                " texts, expected " + std::to_string(official) +
                "; verify = false takes what is there\n" + get());
  }
  return content;
}

}  // namespace ktb
