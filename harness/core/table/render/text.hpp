#pragma once
#include <cstddef>
#include <string>

#include "core/table/table.hpp"

namespace ktb::core {

struct TextOptions {
  bool ascii = false;       ///< for terminals without UTF-8
  std::size_t width = 100;  ///< of captions and notes; the table itself is as wide as it must be
};

/// Aligned columns for a terminal, ending in a line feed.
std::string render_text(const Table& table, const TextOptions& options = {});

}  // namespace ktb::core
