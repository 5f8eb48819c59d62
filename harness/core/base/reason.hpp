#pragma once
#include <string>

namespace ktb::core {

/// Why something cannot be, as a sentence for a footnote. Empty: nothing speaks against it.
using Reason = std::string;

}  // namespace ktb::core
