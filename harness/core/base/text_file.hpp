#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace ktb::core {

/// Throws Error that names the file.
std::string read_text(const std::filesystem::path& path);

/// Readers see the old text or the new one, never a part: the text goes to a temporary file in the
/// same folder, then to the disk, then takes the name. Throws Error (full disk, no rights); the old
/// file then stands untouched.
void write_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace ktb::core
