#include "ktb/text/vqa_answer.hpp"

#include "core/base/error.hpp"
#include "core/score/vqa.hpp"
#include "ktb/error.hpp"

namespace ktb {

std::string clean_answer(std::string_view utf8) try {
  return core::vqa_cleaned(utf8);
} catch (const core::Error& error) {
  throw Error(error.what());
}

}  // namespace ktb
