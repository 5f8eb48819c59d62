#include "ktb/text/vqa_answer.hpp"

#include "core/score/vqa.hpp"

namespace ktb {

std::string clean_answer(std::string_view utf8) { return core::vqa_cleaned(utf8); }

}  // namespace ktb
