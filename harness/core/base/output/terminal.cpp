#include "core/base/output/terminal.hpp"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace ktb::core {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// By the variables alone: a locale that is not installed still says what its terminal shows.
bool is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value = environment(name);
    if (value.empty()) continue;
    std::erase(value, '-');
    return ::strcasestr(value.c_str(), "utf8") != nullptr;
  }
  return false;
}

}  // namespace

Terminal terminal_of(std::FILE* out) {
  Terminal terminal;
  const int file = ::fileno(out);
  if (file < 0 || ::isatty(file) != 1) return terminal;
  terminal.redraws = environment("TERM") != "dumb" && !environment("TERM").empty();
  terminal.colours = terminal.redraws && environment("NO_COLOR").empty();
  terminal.ascii = !is_utf8();
  winsize size{};
  if (::ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
  return terminal;
}

}  // namespace ktb::core
