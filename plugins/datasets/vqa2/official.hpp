#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "ktb/files.hpp"

// VQA's official files: questions, and what ten people answered to each.

namespace ktb::vqa2 {

/// How a person gets them.
inline constexpr char kGet[] =
    "VQA v2 (visualqa.org/download): questions and annotations of train2014 and val2014, "
    "unpacked,\n"
    "into vqa2/ below a data directory; COCO's pictures (cocodataset.org) into coco/train2014/ "
    "and\n"
    "coco/val2014/. Memory: 1 GB while annotations are read, 2 bytes a question and answer (2.8 "
    "GB\n"
    "of all), 3 size^2 bytes a picture (1.5 GB of all at size 64), and as much again while the\n"
    "harness takes its part. Decoded pictures are kept in a cache file beside them, and mapped";

/// The official files of one split. The test split is val2014: nobody has test2015's answers.
struct Part {
  const char *split, *subset;
  std::int64_t questions;
};
inline constexpr std::array<Part, 2> kParts = {{
    {"train", "train2014", 443757},
    {"test", "val2014", 214354},
}};

/// What people answered to one question.
struct Annotation {
  std::int64_t image = 0;
  std::string answer;  ///< most people's
  std::string question_type, answer_type;
  std::vector<std::string> answers;
};
using Annotations = std::unordered_map<std::int64_t, Annotation>;

struct Question {
  std::int64_t id = 0, image = 0;
  std::string text;
};

/// Questions, then annotations, where they are found.
std::vector<DataFile> official_files(const DataFolder& folder, const Part& part);

/// Throws Error where the file belongs to another split, comes without a question or with one
/// twice, or, to be verified, has another count than the official one.
std::vector<Question> read_questions(const DataFolder& folder, const Part& part, bool verify);

/// By question. Throws Error where the file belongs to another split, or a question has not ten
/// answers of a known type.
Annotations read_annotations(const DataFolder& folder, const Part& part);

/// Throws Error where the two are not about the same questions and pictures.
void demand_same(const std::vector<Question>& asked, const Annotations& annotated,
                 const Part& part);

}  // namespace ktb::vqa2
