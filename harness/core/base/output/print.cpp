#include "core/base/output/print.hpp"

#include "core/base/unicode.hpp"

namespace ktb::core {

void print_printable(std::FILE* out, std::string_view text) {
  fmt::print(out, "{}", printable(text));
}

}  // namespace ktb::core
