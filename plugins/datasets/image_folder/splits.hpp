#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace ktb::image_folder {

/// Which of a root's folders hold the classes of which split.
struct Splits {
  std::filesystem::path train, test;  ///< equal: one set of classes, still to be split
  std::vector<std::string> notes;     ///< on folders that are neither
};

/// By the folders' names, in whichever of the usual ways they are written: train, Training,
/// train_set, seg_train; test, testing, eval; val, valid, validation, dev. Of two that can be the
/// test split the one that is called test is it. A folder that has a split's name, but pictures and
/// no folders in it, is a class where others are. Throws Error with `get` where it cannot be told
/// what is what.
Splits splits_of(const std::filesystem::path& root, const std::string& get);

/// The folders in a folder, by name; neither what is hidden nor a link to what it lies in.
std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder);

}  // namespace ktb::image_folder
