#pragma once
#include <string>
#include <string_view>

#include "ktb/export.hpp"

namespace ktb {

/// An answer as VQA's official script cleans it before it compares: numbers as digits, no articles,
/// no punctuation, contractions with their apostrophe.
KTB_API std::string clean_answer(std::string_view utf8);

}  // namespace ktb
