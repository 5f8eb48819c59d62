#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/score/vqa.hpp"

namespace ktb::core {

/// Of a file in the layout of VQA v2's annotations: ten answers a question. Throws Error that names
/// file and place.
std::vector<VqaQuestion> read_vqa(const std::string& path);

/// Answers by question_id, of a list of {"question_id", "answer"}. Questions that the data lack are
/// passed over, but one at least must be known. Throws Error that names file and place.
std::map<std::string, std::string> read_vqa_predictions(const std::string& path,
                                                        const std::vector<VqaQuestion>& questions);

}  // namespace ktb::core
