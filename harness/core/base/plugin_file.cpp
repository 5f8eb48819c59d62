#include "core/base/plugin_file.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/version.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
constexpr const char* kSection = ".ktb_note";

std::string read_at(std::ifstream& file, std::uint64_t offset, std::uint64_t size) {
  constexpr std::uint64_t kMost = 1 << 26;  // a plugin's code is far smaller
  if (size > kMost) return {};
  std::string bytes(size, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  return file.gcount() == static_cast<std::streamsize>(size) ? bytes : std::string();
}

struct Section {
  std::string name;
  Elf64_Shdr header;
};

std::ifstream open_elf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  return file;
}

/// Throws Error where the file is no ELF file.
std::vector<Section> sections_of(std::ifstream& file, const std::string& path) {
  Elf64_Ehdr header{};
  const auto start = read_at(file, 0, sizeof header);
  if (start.size() == sizeof header) std::memcpy(&header, start.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
    throw Error(fmt::format("{} is no 64-bit ELF library", path));
  const auto table =
      read_at(file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
  if (table.empty()) return {};
  std::vector<Elf64_Shdr> sections(table.size() / sizeof(Elf64_Shdr));
  std::memcpy(sections.data(), table.data(), sections.size() * sizeof(Elf64_Shdr));
  if (header.e_shstrndx >= sections.size()) return {};
  const auto& strings = sections[header.e_shstrndx];
  const auto names = read_at(file, strings.sh_offset, strings.sh_size);
  std::vector<Section> named;
  for (const auto& entry : sections)
    if (entry.sh_name < names.size()) named.push_back({names.c_str() + entry.sh_name, entry});
  return named;
}

/// The bytes of a section; empty where the file has none of that name.
std::string section(const std::string& path, const std::string& wanted) {
  auto file = open_elf(path);
  for (const auto& [name, header] : sections_of(file, path))
    if (name == wanted) return read_at(file, header.sh_offset, header.sh_size);
  return {};
}

void erase_all(std::string& text, const std::string& part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at))
    text.erase(at, part.size());
}

Json preset_value(const std::string& text) {
  auto value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

Alias parse_alias(std::istringstream words) {
  Alias alias;
  words >> alias.name;
  alias.preset = Json::object();
  for (std::string word; words >> word;)
    if (const auto at = word.find('='); at != std::string::npos)
      alias.preset[word.substr(0, at)] = preset_value(word.substr(at + 1));
  return alias;
}

std::map<std::string, std::string> fields(const std::string& key) {
  std::map<std::string, std::string> out;
  std::istringstream words(key);
  for (std::string word; words >> word;)
    if (const auto at = word.find('='); at != std::string::npos)
      out[word.substr(0, at)] = word.substr(at + 1);
  return out;
}

}  // namespace

std::optional<Json> PluginNote::preset(const std::string& called) const {
  if (called == name) return Json::object();
  for (const auto& alias : aliases)
    if (alias.name == called) return alias.preset;
  return std::nullopt;
}

PluginNote read_plugin_note(const std::string& path) {
  const auto text = section(path, kSection);
  if (text.rfind("KTBENCH-PLUGIN-NOTE-1\n", 0) != 0)
    throw Error(fmt::format(
        "{} has no ktbench note: it is no plugin, or it was built without KTB_METHOD, KTB_MODEL or "
        "KTB_DATASET",
        path));
  PluginNote note;
  note.path = path;
  std::istringstream lines(text.substr(0, text.find('\0')));
  const std::map<std::string, std::string*> known = {{"kind", &note.kind},
                                                     {"name", &note.name},
                                                     {"abi", &note.abi},
                                                     {"summary", &note.summary},
                                                     {"citation", &note.citation}};
  for (std::string line; std::getline(lines, line) && line != "end";) {
    const auto at = line.find(' ');
    const auto word = line.substr(0, at), rest = at == std::string::npos ? "" : line.substr(at + 1);
    if (const auto found = known.find(word); found != known.end())
      *found->second = rest;
    else if (word == "alias")
      note.aliases.push_back(parse_alias(std::istringstream(rest)));
  }
  return note;
}

std::string plugin_hash(const std::string& path) {
  const std::string abi = read_plugin_note(path).abi;
  auto file = open_elf(path);
  std::string loaded;
  for (const auto& [name, header] : sections_of(file, path)) {
    if ((header.sh_flags & SHF_ALLOC) == 0 || name == ".note.gnu.build-id") continue;
    const bool zeros = header.sh_type == SHT_NOBITS;
    auto bytes = zeros ? "" : read_at(file, header.sh_offset, header.sh_size);
    if (!zeros && bytes.size() != header.sh_size) throw Error(fmt::format("{} is cut short", path));
    if (!abi.empty()) erase_all(bytes, abi);
    loaded += fmt::format("{} {}\n", name, zeros ? header.sh_size : bytes.size()) + bytes;
  }
  return sha256_text(loaded);
}

std::vector<std::string> plugin_dirs(const std::vector<std::string>& extra) {
  std::vector<std::string> dirs = extra;
  if (const char* path = std::getenv("KTBENCH_PLUGIN_PATH")) {
    std::istringstream parts(path);
    for (std::string part; std::getline(parts, part, ':');)
      if (!part.empty()) dirs.push_back(part);
  }
  std::error_code gone;
  const auto home = fs::read_symlink("/proc/self/exe", gone).parent_path().parent_path();
  dirs.push_back((home / "plugins").string());
  dirs.push_back((home / "lib" / "ktbench" / "plugins").string());
  return dirs;
}

std::vector<PluginNote> find_plugins(const std::vector<std::string>& dirs) {
  std::vector<PluginNote> found;
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& dir : dirs)
    for (const char* below : {"", "models", "methods", "datasets"}) {
      std::vector<std::string> files;
      std::error_code none;
      for (const auto& entry : fs::directory_iterator(fs::path(dir) / below, none))
        if (entry.path().extension() == ".so") files.push_back(entry.path().string());
      std::sort(files.begin(), files.end());
      for (const auto& file : files) try {
          auto note = read_plugin_note(file);
          if (seen.emplace(note.kind, note.name).second) found.push_back(std::move(note));
        } catch (const Error&) {
          continue;  // `ktbench plugin inspect` says why
        }
    }
  std::sort(found.begin(), found.end(), [](const PluginNote& a, const PluginNote& b) {
    return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
  });
  return found;
}

FoundPlugin find_plugin(const std::vector<PluginNote>& notes, const std::string& kind,
                        const std::string& name) {
  FoundPlugin found;
  for (const auto& note : notes) {
    if (note.kind != kind) continue;
    if (note.name == name) return {&note, Json::object()};
    const auto preset = note.preset(name);
    if (preset && found.note == nullptr) found = {&note, *preset};
  }
  return found;
}

std::vector<std::string> plugin_names(const std::vector<PluginNote>& notes,
                                      const std::string& kind) {
  std::set<std::string> names;
  for (const auto& note : notes) {
    if (note.kind != kind) continue;
    names.insert(note.name);
    for (const auto& alias : note.aliases) names.insert(alias.name);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> abi_differences(const std::string& plugin, const std::string& host) {
  auto theirs = fields(plugin), ours = fields(host);
  std::vector<std::string> out;
  for (const auto& [name, value] : ours)
    if (theirs[name] != value)
      out.push_back(fmt::format("{}: plugin {}, this ktbench {}", name,
                                theirs[name].empty() ? "unknown" : theirs[name], value));
  return out;
}

void check_abi(const PluginNote& note) {
  const auto differences = abi_differences(note.abi, std::string(host_abi()));
  if (differences.empty()) return;
  throw PluginError(fmt::format("cannot load plugin `{}` ({})\n  {}\n{}", note.name, note.path,
                                fmt::join(differences, "\n  "), rebuild_advice(note)));
}

std::string rebuild_advice(const PluginNote& note) {
  return fmt::format(
      "Rebuild it against this ktbench: cmake --build <its build folder> --target {}_{}", note.kind,
      note.name);
}

}  // namespace ktb::core
