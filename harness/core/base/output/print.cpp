#include "core/base/output/print.hpp"

#include "core/base/output/terminal.hpp"
#include "core/base/unicode.hpp"
#include "core/base/utf8.hpp"

namespace ktb::core {

void print_printable(std::FILE* out, std::string_view text) {
  const std::string safe = printable(text);
  fmt::print(out, "{}", terminal_of(out).ascii ? to_ascii(safe) : safe);
}

}  // namespace ktb::core
