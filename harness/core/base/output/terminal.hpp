#pragma once
#include <cstddef>
#include <cstdio>

namespace ktb::core {

/// What one can do with what a stream leads to.
struct Terminal {
  bool redraws = false;  ///< a terminal that can clear a line: not a file or a pipe, nor TERM=dumb
  bool colours = false;  ///< one that shows them, to a user who has not set NO_COLOR
  bool ascii = false;    ///< one whose locale has no UTF-8; files and pipes have UTF-8 anyway
  std::size_t columns = 80;
};

/// As it is now: a window may have been made smaller.
Terminal terminal_of(std::FILE* out);

}  // namespace ktb::core
