#include "splits.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "ktb/error.hpp"
#include "ktb/files.hpp"

namespace ktb::image_folder {
namespace {
namespace fs = std::filesystem;

enum class Part { kTrain, kTest, kValidation };

/// What a folder's name says: `seg_train` is the training split of `seg`.
struct SplitName {
  Part part;
  std::string of;  ///< its further words; most often none
};

const std::map<std::string, Part> kParts = {{"train", Part::kTrain},
                                            {"training", Part::kTrain},
                                            {"trainset", Part::kTrain},
                                            {"trainingset", Part::kTrain},
                                            {"traindata", Part::kTrain},
                                            {"trainval", Part::kTrain},
                                            {"test", Part::kTest},
                                            {"testing", Part::kTest},
                                            {"testset", Part::kTest},
                                            {"testdata", Part::kTest},
                                            {"eval", Part::kTest},
                                            {"evaluation", Part::kTest},
                                            {"val", Part::kValidation},
                                            {"valid", Part::kValidation},
                                            {"validation", Part::kValidation},
                                            {"valset", Part::kValidation},
                                            {"validationset", Part::kValidation},
                                            {"dev", Part::kValidation}};

/// Words that say nothing of what is in a folder.
const std::set<std::string> kFillers = {"set",    "data",    "dataset", "split",    "images",
                                        "image",  "imgs",    "img",     "pictures", "photos",
                                        "folder", "folders", "files",   "samples"};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_capital(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

/// In lower case: of `TrainSet_2017` train and set. Bytes beyond ASCII belong to words.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  bool inside = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool part = is_letter(c) || static_cast<signed char>(c) < 0;
    if (part && (!inside || (is_capital(c) && !is_capital(name[i - 1])))) words.emplace_back();
    if (part) words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    inside = part;
  }
  return words;
}

std::optional<SplitName> split_name(const std::string& name) {
  std::set<Part> parts;
  std::string others;
  for (const auto& word : words_of(name)) {
    if (const auto part = kParts.find(word); part != kParts.end())
      parts.insert(part->second);
    else if (!kFillers.contains(word))
      others += word + " ";
  }
  if (parts == std::set{Part::kTrain, Part::kValidation}) parts = {Part::kTrain};
  if (parts.size() != 1) return std::nullopt;
  return SplitName{*parts.begin(), others};
}

/// The folders of one root that belong together as splits.
using SplitFolders = std::map<Part, std::vector<fs::path>>;

std::string listed(const std::vector<fs::path>& folders) {
  std::string text;
  for (const auto& folder : folders)
    text += (text.empty() ? "" : ", ") + folder.filename().string() + "/";
  return text;
}

/// `valid/ (35 files)`
std::string with_count(const fs::path& folder) {
  return folder.filename().string() + "/ (" +
         std::to_string(content_below(folder.string()).files.size()) + " files)";
}

class SplitFinder {
 public:
  SplitFinder(const fs::path& root, const std::string& get)
      : root_(root), get_(get), folders_(folders_in(root)) {
    for (const auto& folder : folders_)
      if (const auto name = split_name(folder.filename().string()))
        groups_[name->of][name->part].push_back(folder);
  }

  Splits find() const {
    if (folders_.empty()) refuse("holds no class folders");
    if (const auto* splits = group()) return from(*splits);
    demand_classes();
    return {root_, root_, {}};
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(root_.string() + " " + what + "\n" + get_);
  }

  static bool has_classes(const fs::path& folder) { return !folders_in(folder).empty(); }

  /// Those folders that are splits; null: all are classes.
  const SplitFolders* group() const {
    std::vector<const SplitFolders*> whole;
    for (const auto& [of, folders] : groups_)
      if (folders.contains(Part::kTrain) && folders.size() > 1) whole.push_back(&folders);
    if (whole.size() > 1)
      refuse("holds several training and test splits: " + listed(all_splits()) +
             "; keep one of each, or name their folder by `root`");
    if (whole.size() == 1) return whole.front();
    const auto plain = groups_.find("");
    if (plain == groups_.end()) return nullptr;
    // A lone split has classes in it; a class has pictures: `train` may stand beside `bus`.
    const auto& [part, folders] = *plain->second.begin();
    const bool split = std::any_of(folders.begin(), folders.end(), has_classes);
    if (!split && folders.size() < folders_.size()) return nullptr;
    if (part != Part::kTrain || !split)
      refuse("holds " + listed(folders) +
             (split ? ", but no split for training" : ", but no class folders"));
    return &plain->second;
  }

  /// Folders that hold splits, or everything, are no classes.
  void demand_classes() const {
    for (const auto& folder : folders_) {
      std::set<Part> parts;
      for (const auto& inner : folders_in(folder))
        if (const auto name = split_name(inner.filename().string())) parts.insert(name->part);
      if (parts.contains(Part::kTrain) && parts.size() > 1)
        refuse("holds " + listed({folder}) +
               " with a training and a test split in it: expected "
               "ROOT/SPLIT/CLASS; one of several sets is named by `root` or `domain`");
    }
    if (folders_.size() == 1 && has_classes(folders_.front()))
      refuse("holds one folder, " + listed(folders_) +
             ", with folders in it: are these the classes? "
             "Then it is the root");
  }

  std::vector<fs::path> all_splits() const {
    std::vector<fs::path> all;
    for (const auto& [of, splits] : groups_)
      for (const auto& [part, folders] : splits)
        all.insert(all.end(), folders.begin(), folders.end());
    return all;
  }

  Splits from(const SplitFolders& splits) const {
    for (const auto& [part, folders] : splits)
      if (folders.size() > 1)
        refuse("holds " + listed(folders) +
               ", which are one split by their names: join them, or "
               "rename what is another");
    Splits found;
    found.train = splits.at(Part::kTrain).front();
    if (!has_classes(found.train))
      refuse("holds " + listed({found.train}) + " without class folders");
    for (const auto part : {Part::kTest, Part::kValidation}) {
      const auto folders = splits.find(part);
      if (folders == splits.end()) continue;
      const auto& folder = folders->second.front();
      if (!has_classes(folder))
        found.notes.push_back(with_count(folder) + " is not read: it holds no class folders");
      else if (found.test.empty())
        found.test = folder;
      else
        found.notes.push_back(with_count(folder) +
                              " is not read: " + found.test.filename().string() +
                              "/ is the test split, and validation is taken from " +
                              found.train.filename().string() + "/ (recipe.validation)");
    }
    if (found.test.empty() && splits.size() > 1)
      refuse(listed(all_splits()) + ": none but the training split has class folders");
    if (found.test.empty()) found.test = found.train;
    note_others(splits, found);
    return found;
  }

  void note_others(const SplitFolders& splits, Splits& found) const {
    for (const auto& folder : folders_) {
      const bool split = std::any_of(splits.begin(), splits.end(),
                                     [&](const auto& one) { return one.second.front() == folder; });
      if (!split)
        found.notes.push_back(with_count(folder) + " is not read: its name is none of a split");
    }
  }

  const fs::path& root_;
  const std::string& get_;
  const std::vector<fs::path> folders_;
  std::map<std::string, SplitFolders> groups_;  ///< by what they are splits of
};

}  // namespace

std::vector<fs::path> folders_in(const fs::path& folder) {
  const auto within = fs::canonical(folder).string() + "/";
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::error_code broken;
    if (is_hidden(entry.path().filename().string()) || !entry.is_directory(broken)) continue;
    if (entry.is_symlink() && within.starts_with(fs::canonical(entry.path()).string() + "/"))
      continue;
    found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Splits splits_of(const fs::path& root, const std::string& get) {
  return SplitFinder(root, get).find();
}

}  // namespace ktb::image_folder
