#include "ktb/files.hpp"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/digest.hpp"

namespace ktb {
namespace fs = std::filesystem;
namespace {

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Bytes read_plain(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw Error("cannot read " + path + ": " + std::strerror(errno));
  Bytes bytes(static_cast<std::size_t>(in.tellg()));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in) throw Error("cannot read " + path + " to its end: " + std::strerror(errno));
  return bytes;
}

[[noreturn]] void refuse_gzip(const std::string& path, const std::string& what) {
  throw Error(path + " " + what + "; delete it and get it again");
}

Bytes read_gzip(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(gzopen(path.c_str(), "rb"), gzclose_r);
  if (!in) throw Error("cannot read " + path + ": " + std::strerror(errno));
  gzbuffer(in.get(), 1u << 17);
  Bytes bytes;
  constexpr unsigned kPiece = 1u << 22;
  for (int got = 1; got > 0;) {
    const auto size = bytes.size();
    bytes.resize(size + kPiece);
    got = gzread(in.get(), bytes.data() + size, kPiece);
    bytes.resize(size + static_cast<std::size_t>(got > 0 ? got : 0));
  }
  int fault = Z_OK;
  const std::string text = gzerror(in.get(), &fault);
  if (fault == Z_BUF_ERROR) {
    refuse_gzip(path, "is truncated: its gzip stream ends after " + std::to_string(bytes.size()) +
                          " bytes of content");
  }
  if (fault != Z_OK && fault != Z_STREAM_END) refuse_gzip(path, "is corrupt (" + text + ")");
  if (gzdirect(in.get()) != 0)
    refuse_gzip(path, "is not a gzip file, although its name ends in .gz");
  return bytes;
}

[[noreturn]] void refuse_missing(std::string text, const std::vector<std::string>& places,
                                 const std::string& get = {}) {
  for (const auto& place : places) text += "\n  looked in " + place;
  if (places.empty()) text += "\n  there was no place to look in";
  throw MissingData(text + "\n  --data-dir or $KTBENCH_DATA name further places" +
                    (get.empty() ? "" : "\n" + get));
}

bool ends_so(const std::string& name, const std::string& ending) {
  return name.size() >= ending.size() && std::equal(ending.rbegin(), ending.rend(), name.rbegin(),
                                                    [](unsigned char a, unsigned char b) {
                                                      return std::tolower(a) == std::tolower(b);
                                                    });
}

/// Goes through the folders of a tree, and then through those that only links lead to, so that a
/// file's name is that of its own place wherever it has one.
class FolderWalk {
 public:
  FolderWalk(fs::path root, FolderContent& content) : root_(std::move(root)), content_(content) {}

  void walk() {
    std::error_code ignored;
    for (auto above = fs::canonical(root_, ignored).parent_path(); above.has_relative_path();
         above = above.parent_path())
      is_new(above);
    enter(root_);
    while (!links_.empty()) {
      auto links = std::exchange(links_, {});
      std::sort(links.begin(), links.end());
      for (const auto& link : links) enter(link);
    }
  }

 private:
  bool is_new(const fs::path& folder) {
    struct stat status {};
    return stat(folder.c_str(), &status) != 0 || seen_.emplace(status.st_dev, status.st_ino).second;
  }

  void enter(const fs::path& folder) {
    if (!is_new(folder)) return;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (is_hidden(entry.path().filename().string())) continue;
      std::error_code broken;
      if (entry.is_directory(broken)) {
        if (entry.is_symlink()) {
          links_.push_back(entry.path());
        } else {
          enter(entry.path());
        }
      } else if (entry.is_regular_file(broken)) {
        content_.files.push_back(entry.path().lexically_relative(root_).string());
      } else if (entry.is_symlink()) {
        content_.broken.push_back(entry.path().lexically_relative(root_).string());
      }
    }
  }

  const fs::path root_;
  FolderContent& content_;
  std::vector<fs::path> links_;             ///< to folders
  std::set<std::pair<dev_t, ino_t>> seen_;  ///< with the folders that the root lies in
};

}  // namespace

DataFolder::DataFolder(std::vector<std::string> places)
    : places_(std::move(places)), watched_(std::make_shared<std::set<std::string>>()) {}
DataFolder::~DataFolder() = default;

/// The nearest folder that there is: what is missing appears in it, or a folder on the way there.
void DataFolder::watch_for(const std::string& missing) const {
  std::error_code ignored;
  auto folder = fs::path(missing).parent_path();
  while (folder.has_relative_path() && !fs::is_directory(folder, ignored))
    folder = folder.parent_path();
  watched_->insert(folder.string());
}

std::string DataFolder::find_at(const std::string& place, const std::string& name) const {
  const auto path = (fs::path(place) / name).string();
  if (is_file(path)) return path;
  if (is_file(path + ".gz")) return path + ".gz";
  watch_for(path);
  return {};
}

std::string DataFolder::find(const std::string& name) const {
  for (const auto& place : places_)
    if (auto path = find_at(place, name); !path.empty()) return path;
  return {};
}

std::string DataFolder::require(const std::string& name) const {
  auto path = find(name);
  if (path.empty()) refuse_missing(name + " is missing (as it is, or as .gz)", places_);
  return path;
}

std::string DataFolder::folder_at(const std::string& place, const std::string& name) const {
  const auto path = (fs::path(place) / name).lexically_normal().string();
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return *watched_->insert(path).first;
  watch_for(path);
  return {};
}

std::string DataFolder::require_folder(const std::string& name, const std::string& get) const {
  for (const auto& place : places_.empty() ? std::vector<std::string>{"."} : places_)
    if (auto path = folder_at(place, name); !path.empty()) return path;
  refuse_missing("the folder " + name + " is missing", places_, get);
}

bool is_hidden(const std::string& name) {
  return name.starts_with('.') || name == "__MACOSX" || name == "@eaDir";
}

FolderContent content_below(const std::string& folder) {
  FolderContent content;
  FolderWalk(folder, content).walk();
  std::sort(content.files.begin(), content.files.end());
  std::sort(content.broken.begin(), content.broken.end());
  return content;
}

std::vector<std::string> files_below(const std::string& folder,
                                     const std::vector<std::string>& endings) {
  auto found = content_below(folder).files;
  std::erase_if(found, [&](const std::string& name) {
    return std::none_of(endings.begin(), endings.end(),
                        [&](const auto& ending) { return ends_so(name, ending); });
  });
  return found;
}

Bytes read_file(const std::string& path) {
  return path.ends_with(".gz") ? read_gzip(path) : read_plain(path);
}

std::string digest(const Bytes& bytes, const std::string& like) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return like.starts_with("md5:") ? "md5:" + core::md5_text(text)
                                  : "sha256:" + core::sha256_text(text);
}

Bytes read_data(const DataFolder& folder, const DataFile& file, const std::string& get) {
  try {
    const auto path = folder.require(file.name);
    auto bytes = read_file(path);
    const auto size = static_cast<std::int64_t>(bytes.size());
    if (file.bytes > 0 && size != file.bytes) {
      throw Error(path + " is not what it should be: expected " + std::to_string(file.bytes) +
                  " bytes, found " + std::to_string(size));
    }
    const auto found = file.digest.empty() ? "" : digest(bytes, file.digest);
    if (found != file.digest) {
      throw Error(path + " is not what it should be: expected " + file.digest + ", found " + found);
    }
    return bytes;
  } catch (const MissingData& error) {
    throw MissingData(std::string(error.what()) + "\n" + get);
  } catch (const Error& error) {
    throw Error(std::string(error.what()) + "\n" + get);
  }
}

}  // namespace ktb
