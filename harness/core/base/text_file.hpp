#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace ktb::core {

/// Throws Error that names the file.
std::string read_text(const std::filesystem::path& path);

/// A file of which readers see the old text or the new one, never a part: pieces go to a temporary
/// file in the same folder, which goes to the disk and takes the name once it is `finish`ed, and
/// vanishes if it never is. All throw Error (full disk, no rights), and the old file stands.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& target);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::string_view text);
  void finish();

 private:
  const std::filesystem::path target_;
  std::string name_;
  int file_ = -1;
};

/// The same with a text that is there as a whole.
void write_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace ktb::core
